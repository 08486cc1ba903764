using System.Collections.Concurrent;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Controllers.Jobs;

/// <summary>How long a job waits before it makes pods again, after pods failed in a row.</summary>
internal sealed class JobBackoff(TimeProvider clock)
{
    /// <summary>The wait after the first failure. 10 s, upstream's DefaultJobPodFailureBackOff.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait. 10 min, upstream's MaxJobPodFailureBackOff.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<ObjectKey, (int Failures, long Since)> _failed = [];

    /// <summary>Notes what a pass saw.</summary>
    public void Note(ObjectKey key, int failed, int succeeded)
    {
        if (succeeded > 0)
        {
            _failed.TryRemove(key, out _);
        }

        if (failed > 0)
        {
            _failed.AddOrUpdate(key, _ => (failed, clock.GetTimestamp()), (_, known) => (known.Failures + failed, clock.GetTimestamp()));
        }
    }

    /// <summary>What is left of the wait, zero for none, were so many more pods found failed.</summary>
    public TimeSpan Left(ObjectKey key)
    {
        if (!_failed.TryGetValue(key, out var known))
        {
            return TimeSpan.Zero;
        }

        const int MostDoublings = 6; // 10 s · 2^6 is past the longest.
        var wait = First * Math.Pow(2, Math.Min(known.Failures - 1, MostDoublings));
        var left = (wait < Longest ? wait : Longest) - clock.GetElapsedTime(known.Since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Forgets a job that is gone or over.</summary>
    public void Forget(ObjectKey key) => _failed.TryRemove(key, out _);
}
