using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.NodePorts;

/// <summary>Keeps pods off nodes whose ports they want and others have.</summary>
public sealed class NodePortsPlugin : IFilterPlugin
{
    private static readonly Rejection s_taken = new("NodePorts", "node(s) didn't have free ports for the requested pod ports");

    /// <inheritdoc/>
    public string Name => "NodePorts";

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.PodGone;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot) => pod.HostPorts.Length == 0 ? null : new Filter(pod.HostPorts);

    private sealed class Filter(HostPort[] wanted) : INodeFilter
    {
        public Rejection? Check(NodeInfo node)
        {
            foreach (var used in node.UsedPorts)
            {
                foreach (var port in wanted)
                {
                    if (port.ConflictsWith(used))
                    {
                        return s_taken;
                    }
                }
            }

            return null;
        }
    }
}
