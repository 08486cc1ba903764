namespace KubeAspire.Scheduler.Framework;

/// <summary>Says which of the nodes that would do is better. Pure: no clock, no store.</summary>
public interface IScorePlugin
{
    /// <summary>The best score a plugin gives. 100; the worst is 0.</summary>
    const long MaximumScore = 100;

    /// <summary>Upstream's name.</summary>
    string Name { get; }

    /// <summary>Scores nodes for a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="nodes">The nodes that passed all filters.</param>
    /// <param name="scores">Where the scores go, 0 to <see cref="MaximumScore"/>, in the nodes' order. All zero before.</param>
    /// <returns>Whether the plugin has an opinion; otherwise the scores do not count.</returns>
    bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores);
}
