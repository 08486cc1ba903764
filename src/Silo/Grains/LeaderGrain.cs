using Orleans.Configuration;
using Orleans.Runtime;

namespace KubeAspire.Silo.Grains;

/// <summary>Keeps in memory who runs a work. A new activation knows nobody, so it gives the one who says that he runs it a term to say so.</summary>
[CollectionAgeLimit(AlwaysActive = true)]
internal sealed class LeaderGrain(ISiloStatusOracle silos, TimeProvider clock) : Grain, ILeaderGrain
{
    /// <summary>How long a holder may run the work without having asked again. 8 s: several questions may be lost, and the death of a silo is known earlier anyhow.</summary>
    public static readonly TimeSpan Term = TimeSpan.FromSeconds(8);

    private (Guid Candidate, SiloAddress Silo)? _holder;
    private bool _free;
    private long _since = clock.GetTimestamp();

    /// <inheritdoc/>
    public ValueTask<bool> AskAsync(Guid candidate, SiloAddress silo, bool holds)
    {
        var granted = _holder is { } holder
            ? holder.Candidate == candidate || silos.IsDeadSilo(holder.Silo) || IsOver()
            : holds || IsOver() || silos.GetApproximateSiloStatuses(onlyActive: true).Count <= 1;
        if (granted)
        {
            (_holder, _since, _free) = ((candidate, silo), clock.GetTimestamp(), false);
        }

        return ValueTask.FromResult(granted);
    }

    /// <inheritdoc/>
    public ValueTask ReleaseAsync(Guid candidate)
    {
        if (_holder?.Candidate == candidate)
        {
            // Nobody runs it now, and this activation knows it: the next who asks has it.
            (_holder, _free) = (null, true);
        }

        return ValueTask.CompletedTask;
    }

    private bool IsOver() => _free || clock.GetElapsedTime(_since) > Term;
}
