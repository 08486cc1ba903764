using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.PodTopologySpread;

/// <summary>Spreads the pods of one application over nodes and zones.</summary>
public sealed class PodTopologySpreadPlugin : IFilterPlugin, IScorePlugin
{
    private static readonly Rejection s_skewed = new("PodTopologySpread", "node(s) didn't match pod topology spread constraints");
    private static readonly Rejection s_unlabelled = new("PodTopologySpread", "node(s) didn't match pod topology spread constraints (missing required label)") { Unresolvable = true };

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "PodTopologySpread";

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.NodeTaints | ClusterEvents.PodGone | ClusterEvents.PodPlaced;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot)
    {
        var constraints = SpreadConstraint.Of(pod, "DoNotSchedule");
        return constraints.Length == 0 ? null : new Filter(pod, snapshot, constraints);
    }

    /// <inheritdoc/>
    public bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var own = pod.Pod.Spec.TopologySpreadConstraints is { Count: > 0 };
        var constraints = own ? SpreadConstraint.Of(pod, "ScheduleAnyway") : SpreadConstraint.Defaults(pod);
        return constraints.Length > 0 && SpreadScore.Score(pod, snapshot, constraints, requireAllKeys: own, nodes, scores);
    }

    private static bool HasAll(NodeInfo node, SpreadConstraint[] constraints)
    {
        foreach (var constraint in constraints)
        {
            if (node.Labels?.ContainsKey(constraint.TopologyKey) != true)
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Filter : INodeFilter
    {
        private readonly PodInfo _pod;
        private readonly SpreadConstraint[] _constraints;
        private readonly Dictionary<string, int>[] _counts;
        private readonly int[] _least;

        public Filter(PodInfo pod, ClusterSnapshot snapshot, SpreadConstraint[] constraints)
        {
            (_pod, _constraints) = (pod, constraints);
            _counts = [.. constraints.Select(_ => new Dictionary<string, int>(StringComparer.Ordinal))];
            foreach (var node in snapshot.Nodes)
            {
                if (!HasAll(node, constraints))
                {
                    continue;
                }

                for (var i = 0; i < constraints.Length; i++)
                {
                    if (constraints[i].Includes(pod, node))
                    {
                        var place = node.Labels![constraints[i].TopologyKey];
                        _counts[i][place] = _counts[i].GetValueOrDefault(place) + constraints[i].CountOn(pod, node);
                    }
                }
            }

            // Fewer places than asked for: the missing ones are empty.
            _least = [.. constraints.Select((constraint, i) => _counts[i].Count < constraint.MinDomains || _counts[i].Count == 0 ? 0 : _counts[i].Values.Min())];
        }

        public Rejection? Check(NodeInfo node)
        {
            for (var i = 0; i < _constraints.Length; i++)
            {
                var constraint = _constraints[i];
                if (node.Labels is not { } labels || !labels.TryGetValue(constraint.TopologyKey, out var place))
                {
                    return s_unlabelled;
                }

                var self = constraint.Selector.Matches(_pod.Labels) ? 1 : 0;
                if (_counts[i].GetValueOrDefault(place) + self - _least[i] > constraint.MaxSkew)
                {
                    return s_skewed;
                }
            }

            return null;
        }
    }
}
