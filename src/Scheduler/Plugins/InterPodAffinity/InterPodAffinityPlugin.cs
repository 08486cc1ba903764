using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.InterPodAffinity;

/// <summary>Places pods near to or away from other pods, as they or those ask.</summary>
public sealed class InterPodAffinityPlugin : IFilterPlugin, IScorePlugin
{
    /// <summary>How much a required affinity of a placed pod counts in the score of one it selects. 1, upstream's HardPodAffinityWeight.</summary>
    public const int HardAffinityWeight = 1;

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "InterPodAffinity";

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.PodGone | ClusterEvents.PodPlaced;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot) =>
        pod.RequiredAffinity.Length == 0 && pod.RequiredAntiAffinity.Length == 0 && snapshot.NodesWithAntiAffinity == 0 ? null : new AffinityFilter(pod, snapshot);

    /// <inheritdoc/>
    public bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        if (pod.PreferredAffinity.Length == 0 && pod.PreferredAntiAffinity.Length == 0 && snapshot.NodesWithAffinity == 0)
        {
            return false;
        }

        var sums = Sums(pod, snapshot);
        if (sums.Count == 0)
        {
            return false;
        }

        var (least, most) = (long.MaxValue, long.MinValue);
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var ((key, value), sum) in sums)
            {
                scores[i] += nodes[i].Labels?.TryGetValue(key, out var has) == true && has == value ? sum : 0;
            }

            (least, most) = (Math.Min(least, scores[i]), Math.Max(most, scores[i]));
        }

        foreach (ref var score in scores[..nodes.Count])
        {
            score = most == least ? 0 : IScorePlugin.MaximumScore * (score - least) / (most - least);
        }

        return true;
    }

    private static Dictionary<(string Key, string Value), long> Sums(PodInfo pod, ClusterSnapshot snapshot)
    {
        var sums = new Dictionary<(string Key, string Value), long>();
        var asks = pod.PreferredAffinity.Length + pod.PreferredAntiAffinity.Length > 0;
        foreach (var node in snapshot.Nodes)
        {
            if (node.Labels is null || (!asks && node.PodsWithAffinity == 0))
            {
                continue;
            }

            foreach (var other in node.Pods)
            {
                Add(sums, node, pod.PreferredAffinity, other, 1, snapshot);
                Add(sums, node, pod.PreferredAntiAffinity, other, -1, snapshot);
                if (other.HasAffinity)
                {
                    // What placed pods ask for counts the other way round too: they would like this one near, or not.
                    Add(sums, node, other.RequiredAffinity, pod, HardAffinityWeight, snapshot);
                    Add(sums, node, other.PreferredAffinity, pod, 1, snapshot);
                    Add(sums, node, other.PreferredAntiAffinity, pod, -1, snapshot);
                }
            }
        }

        return sums;
    }

    private static void Add(
        Dictionary<(string Key, string Value), long> sums, NodeInfo node, AffinityTerm[] terms, PodInfo selected, int sign, ClusterSnapshot snapshot)
    {
        foreach (var term in terms)
        {
            if (node.Labels!.TryGetValue(term.TopologyKey, out var value) && term.Selects(selected, snapshot))
            {
                var place = (term.TopologyKey, value);
                sums[place] = sums.GetValueOrDefault(place) + (sign * Math.Max(1, term.Weight));
            }
        }
    }
}
