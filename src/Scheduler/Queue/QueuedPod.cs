using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Queue;

/// <summary>A pod that has no node yet. Changed by its queue only.</summary>
public sealed class QueuedPod
{
    internal QueuedPod(Pod pod, DateTimeOffset now)
    {
        Pod = pod;
        Key = ObjectKey.Of(pod);
        FirstAddedAt = now;
    }

    /// <summary>Where a pod stands.</summary>
    internal enum Place
    {
        Gone,
        Active,
        Backoff,
        Unschedulable,
        InFlight,
    }

    /// <summary>The pod's namespace and name.</summary>
    public ObjectKey Key { get; }

    /// <summary>The pod as last seen.</summary>
    public Pod Pod { get; internal set; }

    /// <summary>Attempts so far, the present one included.</summary>
    public int Attempts { get; internal set; }

    /// <summary>When the queue first saw it.</summary>
    public DateTimeOffset FirstAddedAt { get; }

    /// <summary>Changes that may help it.</summary>
    internal ClusterEvents WakesOn { get; set; }

    /// <summary>Changes that happened while it was being scheduled.</summary>
    internal ClusterEvents Missed { get; set; }

    internal Place At { get; set; }

    internal DateTimeOffset BackoffUntil { get; set; }

    internal DateTimeOffset UnschedulableSince { get; set; }

    /// <summary>Raised whenever the pod moves: an entry of a heap with an older number is stale.</summary>
    internal long Version { get; set; }
}
