using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.DaemonSets;

/// <summary>Log messages of the daemonset controller. Event ids 3280-3289.</summary>
internal static partial class DaemonSetLog
{
    [LoggerMessage(3280, LogLevel.Information, "DaemonSet {DaemonSet}: creating {Created} pods, deleting {Deleted}")]
    public static partial void DaemonPodsChanged(this ILogger logger, ObjectKey daemonSet, int created, int deleted);
}
