using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.NodeAffinity;

/// <summary>Keeps pods to the nodes they ask for by label, and prefers those they would like.</summary>
public sealed class NodeAffinityPlugin : IFilterPlugin, IScorePlugin
{
    private static readonly Rejection s_other = new("NodeAffinity", "node(s) didn't match Pod's node affinity/selector") { Unresolvable = true };

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "NodeAffinity";

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot)
    {
        var spec = pod.Pod.Spec;
        return (spec.NodeSelector?.Count ?? 0) == 0 && spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is null ? null : new Filter(spec);
    }

    /// <inheritdoc/>
    public bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        if (pod.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution is not { Count: > 0 } preferred)
        {
            return false;
        }

        long most = 0;
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var term in preferred)
            {
                // An empty preference is one for every node: it changes nothing, upstream's way too.
                scores[i] += term.Weight != 0 && NodeSelection.Matches(term.Preference, nodes[i].Node) ? term.Weight : 0;
            }

            most = Math.Max(most, scores[i]);
        }

        if (most > 0)
        {
            foreach (ref var score in scores[..nodes.Count])
            {
                score = score * IScorePlugin.MaximumScore / most;
            }
        }

        return true;
    }

    private sealed class Filter(PodSpec spec) : INodeFilter
    {
        public Rejection? Check(NodeInfo node) => NodeSelection.Matches(spec, node.Node) ? null : s_other;
    }
}
