using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.StatefulSets;

/// <summary>Log messages of the statefulset controller. Event ids 3300-3309.</summary>
internal static partial class StatefulSetLog
{
    [LoggerMessage(3300, LogLevel.Information, "StatefulSet {StatefulSet}: creating {Created} pods, deleting {Deleted}")]
    public static partial void StatefulPodsChanged(this ILogger logger, ObjectKey statefulSet, int created, int deleted);
}
