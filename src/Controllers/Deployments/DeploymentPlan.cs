using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.Deployments;

/// <summary>What one pass over a Deployment should write. A value: building it touches nothing.</summary>
/// <param name="Create">The new ReplicaSet to create, or null.</param>
/// <param name="Updates">ReplicaSets to rewrite, in order.</param>
/// <param name="Deletes">Old ReplicaSets that history no longer keeps.</param>
/// <param name="Revision">The Deployment's revision annotation where it has to change; otherwise null.</param>
/// <param name="Status">The status afterwards.</param>
internal sealed record DeploymentPlan(
    ReplicaSet? Create, IReadOnlyList<ReplicaSetUpdate> Updates, IReadOnlyList<ReplicaSet> Deletes, string? Revision, DeploymentStatus Status)
{
    /// <summary>Name of the new ReplicaSet, existing or about to; null where the template is not rolled out yet.</summary>
    public string? NewReplicaSet { get; init; }
}

/// <summary>One ReplicaSet before and after.</summary>
internal sealed record ReplicaSetUpdate(ReplicaSet Before, ReplicaSet After)
{
    /// <summary>The Event's message where the size changes; otherwise null.</summary>
    public string? ScaleMessage => DeploymentMath.Size(Before) == DeploymentMath.Size(After) ? null
        : $"Scaled {(DeploymentMath.Size(After) > DeploymentMath.Size(Before) ? "up" : "down")} replica set {After.Metadata.Name} from {DeploymentMath.Size(Before)} to {DeploymentMath.Size(After)}";
}
