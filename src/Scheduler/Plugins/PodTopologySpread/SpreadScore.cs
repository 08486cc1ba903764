using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.PodTopologySpread;

/// <summary>Scores places by how few of the pod's like they hold.</summary>
/// <remarks>
/// Upstream: for each constraint the count of the node's place times ln(places + 2), so that a skew over many small places weighs
/// more, plus the skew that is allowed anyway; then turned round and scaled to 0…100. A node without a key that the pod's own
/// constraint names gets 0.
/// </remarks>
internal static class SpreadScore
{
    private const long Unlabelled = -1;

    public static bool Score(
        PodInfo pod, ClusterSnapshot snapshot, SpreadConstraint[] constraints, bool requireAllKeys, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var raw = new double[nodes.Count];
        var known = false;
        foreach (var constraint in constraints)
        {
            known |= constraint.TopologyKey == SpreadConstraint.Hostname
                ? AddByNode(pod, constraint, nodes, raw) : AddByPlace(pod, snapshot, constraint, nodes, raw);
        }

        if (!known)
        {
            return false;
        }

        for (var i = 0; i < nodes.Count; i++)
        {
            scores[i] = requireAllKeys && Array.Exists(constraints, constraint => nodes[i].Labels?.ContainsKey(constraint.TopologyKey) != true)
                ? Unlabelled : (long)Math.Round(raw[i]);
        }

        Normalize(scores[..nodes.Count]);
        return true;
    }

    // Each node is its own place: only the nodes to be scored need counting.
    private static bool AddByNode(PodInfo pod, SpreadConstraint constraint, IReadOnlyList<NodeInfo> nodes, double[] raw)
    {
        var weight = Math.Log(nodes.Count + 2);
        for (var i = 0; i < nodes.Count; i++)
        {
            if (nodes[i].Labels?.ContainsKey(SpreadConstraint.Hostname) == true)
            {
                raw[i] += (constraint.CountOn(pod, nodes[i]) * weight) + (constraint.MaxSkew - 1);
            }
        }

        return true;
    }

    private static bool AddByPlace(PodInfo pod, ClusterSnapshot snapshot, SpreadConstraint constraint, IReadOnlyList<NodeInfo> nodes, double[] raw)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            if (node.Labels?.TryGetValue(constraint.TopologyKey, out var place) == true)
            {
                counts[place] = 0;
            }
        }

        if (counts.Count == 0)
        {
            return false;
        }

        foreach (var node in snapshot.Nodes)
        {
            if (node.Labels?.TryGetValue(constraint.TopologyKey, out var place) == true && counts.ContainsKey(place) && constraint.Includes(pod, node))
            {
                counts[place] += constraint.CountOn(pod, node);
            }
        }

        var weight = Math.Log(counts.Count + 2);
        for (var i = 0; i < nodes.Count; i++)
        {
            if (nodes[i].Labels?.TryGetValue(constraint.TopologyKey, out var place) == true)
            {
                raw[i] += (counts[place] * weight) + (constraint.MaxSkew - 1);
            }
        }

        return true;
    }

    private static void Normalize(Span<long> scores)
    {
        var (least, most) = (long.MaxValue, 0L);
        foreach (var score in scores)
        {
            if (score != Unlabelled)
            {
                (least, most) = (Math.Min(least, score), Math.Max(most, score));
            }
        }

        foreach (ref var score in scores)
        {
            score = score == Unlabelled ? 0 : most == 0 ? IScorePlugin.MaximumScore : IScorePlugin.MaximumScore * (most + least - score) / most;
        }
    }
}
