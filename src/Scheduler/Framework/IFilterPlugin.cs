namespace KubeAspire.Scheduler.Framework;

/// <summary>Says on which nodes a pod cannot run. Pure: no clock, no store.</summary>
public interface IFilterPlugin
{
    /// <summary>Upstream's name.</summary>
    string Name { get; }

    /// <summary>Changes in the cluster that may let a pod through which this plugin kept out.</summary>
    ClusterEvents WakesOn { get; }

    /// <summary>Looks at the pod once, before any node.</summary>
    /// <returns>The check of each node, or null where the plugin has nothing to say about this pod.</returns>
    INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot);
}

/// <summary>A filter for one pod.</summary>
public interface INodeFilter
{
    /// <summary>Why the node will not do, or null where it will.</summary>
    Rejection? Check(NodeInfo node);
}
