namespace KubeAspire.Scheduler.Framework;

/// <summary>Changes that may let a waiting pod run.</summary>
[Flags]
public enum ClusterEvents
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A node came.</summary>
    NodeAdded = 1,

    /// <summary>What pods may have of a node changed.</summary>
    NodeAllocatable = 2,

    /// <summary>A node's labels changed.</summary>
    NodeLabels = 4,

    /// <summary>A node's taints or its unschedulable mark changed.</summary>
    NodeTaints = 8,

    /// <summary>A pod left its node, or ended.</summary>
    PodGone = 16,

    /// <summary>A pod was bound, or a bound one was relabelled.</summary>
    PodPlaced = 32,

    /// <summary>Anything; also what time does.</summary>
    All = NodeAdded | NodeAllocatable | NodeLabels | NodeTaints | PodGone | PodPlaced,
}
