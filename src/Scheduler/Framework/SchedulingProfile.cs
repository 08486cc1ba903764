namespace KubeAspire.Scheduler.Framework;

/// <summary>The plugins of a scheduler. Filters run in order: the cheap and decisive ones come first.</summary>
public sealed record SchedulingProfile(IReadOnlyList<IFilterPlugin> Filters, IReadOnlyList<WeightedScore> Scores)
{
    /// <summary>The events that may wake a pod which these plugins kept out.</summary>
    public ClusterEvents WakesOn(IReadOnlySet<string> plugins)
    {
        var events = ClusterEvents.None;
        foreach (var filter in Filters)
        {
            events |= plugins.Contains(filter.Name) ? filter.WakesOn : ClusterEvents.None;
        }

        return events;
    }
}

/// <summary>A score plugin and how much it counts.</summary>
/// <param name="Plugin">The plugin.</param>
/// <param name="Weight">Factor of its scores. One or more.</param>
public sealed record WeightedScore(IScorePlugin Plugin, int Weight);
