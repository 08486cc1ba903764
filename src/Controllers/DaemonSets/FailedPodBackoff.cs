using System.Collections.Concurrent;

namespace KubeAspire.Controllers.DaemonSets;

/// <summary>How soon a pod that failed may be replaced on a node: 1 s doubling to 15 min, upstream's.</summary>
internal sealed class FailedPodBackoff(TimeProvider clock)
{
    /// <summary>First wait. 1 s.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait. 15 min; after twice as long without a failure it starts anew.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<(string Set, string Node), (TimeSpan Wait, long Since)> _entries = new();

    /// <summary>Null where the pod may be replaced now, which counts as a failure; otherwise how long to wait.</summary>
    public TimeSpan? WaitFor(string set, string node)
    {
        foreach (var stale in _entries.Where(entry => clock.GetElapsedTime(entry.Value.Since) > 2 * Longest).Select(entry => entry.Key))
        {
            _entries.TryRemove(stale, out _);
        }

        if (_entries.TryGetValue((set, node), out var entry))
        {
            var left = entry.Wait - clock.GetElapsedTime(entry.Since);
            if (left > TimeSpan.Zero)
            {
                return left;
            }
        }

        var next = entry.Wait == default ? First : entry.Wait * 2;
        _entries[(set, node)] = (next < Longest ? next : Longest, clock.GetTimestamp());
        return null;
    }
}
