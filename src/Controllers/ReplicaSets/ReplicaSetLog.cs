using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.ReplicaSets;

/// <summary>Log messages of the replicaset and replicationcontroller controllers. Event ids 3100-3149.</summary>
internal static partial class ReplicaSetLog
{
    [LoggerMessage(3100, LogLevel.Information, "{Kind} {Owner} wants {Wanted} pods; creating {Count}")]
    public static partial void TooFewPods(this ILogger logger, string kind, ObjectKey owner, int wanted, int count);

    [LoggerMessage(3101, LogLevel.Information, "{Kind} {Owner} wants {Wanted} pods; deleting {Count}")]
    public static partial void TooManyPods(this ILogger logger, string kind, ObjectKey owner, int wanted, int count);

    [LoggerMessage(3102, LogLevel.Information, "{Kind} {Owner} adopted pod {Pod}")]
    public static partial void PodAdopted(this ILogger logger, string kind, ObjectKey owner, string? pod);

    [LoggerMessage(3103, LogLevel.Information, "{Kind} {Owner} released pod {Pod}")]
    public static partial void PodReleased(this ILogger logger, string kind, ObjectKey owner, string? pod);

    [LoggerMessage(3104, LogLevel.Warning, "{Kind} {Owner} has a selector that cannot be used; left alone")]
    public static partial void SelectorUnusable(this ILogger logger, string kind, ObjectKey owner);
}
