using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.NodeName;

/// <summary>A pod that names its node goes nowhere else.</summary>
public sealed class NodeNamePlugin : IFilterPlugin
{
    private static readonly Rejection s_other = new("NodeName", "node(s) didn't match the requested node name") { Unresolvable = true };

    /// <inheritdoc/>
    public string Name => "NodeName";

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot) =>
        string.IsNullOrEmpty(pod.Pod.Spec.NodeName) ? null : new Filter(pod.Pod.Spec.NodeName);

    private sealed class Filter(string name) : INodeFilter
    {
        public Rejection? Check(NodeInfo node) => node.Name == name ? null : s_other;
    }
}
