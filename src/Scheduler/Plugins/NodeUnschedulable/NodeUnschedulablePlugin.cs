using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins.TaintToleration;

namespace KubeAspire.Scheduler.Plugins.NodeUnschedulable;

/// <summary>Keeps pods off cordoned nodes, unless they tolerate the taint that says the same.</summary>
public sealed class NodeUnschedulablePlugin : IFilterPlugin, INodeFilter
{
    private static readonly Rejection s_cordoned = new("NodeUnschedulable", "node(s) were unschedulable") { Unresolvable = true };
    private static readonly Taint s_taint = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };

    /// <inheritdoc/>
    public string Name => "NodeUnschedulable";

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot) => Tolerations.Tolerates(pod.Pod.Spec.Tolerations, s_taint) ? null : this;

    /// <inheritdoc/>
    public Rejection? Check(NodeInfo node) => node.Node.Spec.Unschedulable == true ? s_cordoned : null;
}
