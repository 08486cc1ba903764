namespace KubeAspire.Resources.Core;

/// <summary>The conditions of a pod that the system itself sets.</summary>
public static class PodConditionTypes
{
    /// <summary>A node has been chosen.</summary>
    public const string PodScheduled = "PodScheduled";

    /// <summary>Sandbox and network are there.</summary>
    public const string PodReadyToStartContainers = "PodReadyToStartContainers";

    /// <summary>All init containers have completed.</summary>
    public const string Initialized = "Initialized";

    /// <summary>All containers are ready.</summary>
    public const string ContainersReady = "ContainersReady";

    /// <summary>The pod may get requests: containers ready and readiness gates open.</summary>
    public const string Ready = "Ready";

    /// <summary>The pod is about to be terminated because of something that happened to its node or cluster.</summary>
    public const string DisruptionTarget = "DisruptionTarget";
}
