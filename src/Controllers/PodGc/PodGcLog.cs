using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.PodGc;

/// <summary>Log messages of the pod garbage collector. Event ids 3250-3259.</summary>
internal static partial class PodGcLog
{
    [LoggerMessage(3250, LogLevel.Information, "Deleted pod {Pod}: {Cause}")]
    public static partial void PodCollected(this ILogger logger, ObjectKey pod, PodGcCause cause);
}
