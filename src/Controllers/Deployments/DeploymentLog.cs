using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Deployments;

/// <summary>Log messages of the deployment controller. Event ids 3150-3199.</summary>
internal static partial class DeploymentLog
{
    [LoggerMessage(3150, LogLevel.Information, "Deployment {Deployment} created replica set {ReplicaSet} of size {Size}")]
    public static partial void ReplicaSetCreated(this ILogger logger, ObjectKey deployment, string? replicaSet, int size);

    [LoggerMessage(3151, LogLevel.Information, "Deployment {Deployment}: {Step}")]
    public static partial void ReplicaSetScaled(this ILogger logger, ObjectKey deployment, string step);

    [LoggerMessage(3152, LogLevel.Information, "Deployment {Deployment} deleted old replica set {ReplicaSet}")]
    public static partial void ReplicaSetForgotten(this ILogger logger, ObjectKey deployment, string? replicaSet);

    [LoggerMessage(3153, LogLevel.Warning, "Deployment {Deployment} found replica set {ReplicaSet} to be another's; collision count is now {Count}")]
    public static partial void HashCollided(this ILogger logger, ObjectKey deployment, string? replicaSet, int count);

    [LoggerMessage(3154, LogLevel.Information, "Deployment {Deployment} adopted replica set {ReplicaSet}")]
    public static partial void ReplicaSetAdopted(this ILogger logger, ObjectKey deployment, string? replicaSet);
}
