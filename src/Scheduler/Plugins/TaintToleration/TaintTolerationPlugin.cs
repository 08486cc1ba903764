using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.TaintToleration;

/// <summary>Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer soft taints.</summary>
public sealed class TaintTolerationPlugin : IFilterPlugin, IScorePlugin
{
    private const string Reason = "node(s) had untolerated taint(s)";

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "TaintToleration";

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot) => new Filter(Name, pod.Pod.Spec.Tolerations);

    /// <inheritdoc/>
    public bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        long most = 0;
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var taint in nodes[i].SoftTaints)
            {
                scores[i] += Tolerations.Tolerates(pod.Pod.Spec.Tolerations, taint) ? 0 : 1;
            }

            most = Math.Max(most, scores[i]);
        }

        foreach (ref var score in scores[..nodes.Count])
        {
            score = most == 0 ? IScorePlugin.MaximumScore : IScorePlugin.MaximumScore - (score * IScorePlugin.MaximumScore / most);
        }

        return true;
    }

    private sealed class Filter(string plugin, IReadOnlyList<Toleration>? tolerations) : INodeFilter
    {
        // Many nodes share a taint: one rejection serves them all.
        private Taint? _last;
        private Rejection? _rejection;

        public Rejection? Check(NodeInfo node)
        {
            foreach (var taint in node.HardTaints)
            {
                if (!Tolerations.Tolerates(tolerations, taint))
                {
                    return For(taint);
                }
            }

            return null;
        }

        private Rejection For(Taint taint)
        {
            if (_last is null || _last.Key != taint.Key || _last.Value != taint.Value || _last.Effect != taint.Effect)
            {
                _last = taint;
                _rejection = new Rejection(plugin, Reason) { Detail = $"{{{taint.Key}: {taint.Value}}}:{taint.Effect}", Unresolvable = true };
            }

            return _rejection!;
        }
    }
}
