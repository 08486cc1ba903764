using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.NodeResources;

/// <summary>Prefers nodes whose cpu and memory would be used up evenly, so that neither is left over alone.</summary>
public sealed class BalancedAllocationPlugin : IScorePlugin
{
    /// <inheritdoc/>
    public string Name => "NodeResourcesBalancedAllocation";

    /// <inheritdoc/>
    /// <remarks>Upstream: 100 less the standard deviation of the used shares in percent. A pod that asks for neither has no say.</remarks>
    public bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        if (pod.Requests is { MilliCpu: 0, Memory: 0 })
        {
            return false;
        }

        for (var i = 0; i < nodes.Count; i++)
        {
            var node = nodes[i];
            var cpu = Share(node.Requested.MilliCpu + pod.Requests.MilliCpu, node.Allocatable.MilliCpu);
            var memory = Share(node.Requested.Memory + pod.Requests.Memory, node.Allocatable.Memory);
            var deviation = cpu is { } a && memory is { } b ? Math.Abs(a - b) / 2 : 0;
            scores[i] = (long)((1 - deviation) * IScorePlugin.MaximumScore);
        }

        return true;
    }

    private static double? Share(long requested, long allocatable) => allocatable == 0 ? null : Math.Min(1, (double)requested / allocatable);
}
