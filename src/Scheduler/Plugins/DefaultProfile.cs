using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins.ImageLocality;
using KubeAspire.Scheduler.Plugins.InterPodAffinity;
using KubeAspire.Scheduler.Plugins.NodeAffinity;
using KubeAspire.Scheduler.Plugins.NodeName;
using KubeAspire.Scheduler.Plugins.NodePorts;
using KubeAspire.Scheduler.Plugins.NodeResources;
using KubeAspire.Scheduler.Plugins.NodeUnschedulable;
using KubeAspire.Scheduler.Plugins.PodTopologySpread;
using KubeAspire.Scheduler.Plugins.TaintToleration;

namespace KubeAspire.Scheduler.Plugins;

/// <summary>The plugins of <c>default-scheduler</c>, in upstream's order and with upstream's weights.</summary>
public static class DefaultProfile
{
    /// <summary>A new set: plugins hold nothing between pods, so one set may serve many schedulers.</summary>
    public static SchedulingProfile Create()
    {
        var taints = new TaintTolerationPlugin();
        var affinity = new NodeAffinityPlugin();
        var fit = new FitPlugin();
        var spread = new PodTopologySpreadPlugin();
        var pods = new InterPodAffinityPlugin();
        return new SchedulingProfile(
            [new NodeUnschedulablePlugin(), new NodeNamePlugin(), taints, affinity, new NodePortsPlugin(), fit, spread, pods],
            [new(taints, 3), new(affinity, 2), new(spread, 2), new(pods, 2), new(fit, 1), new(new BalancedAllocationPlugin(), 1), new(new ImageLocalityPlugin(), 1)]);
    }
}
