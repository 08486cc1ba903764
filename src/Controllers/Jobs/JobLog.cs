using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Jobs;

/// <summary>Log messages of the job controller. Event ids 3290-3299.</summary>
internal static partial class JobLog
{
    [LoggerMessage(3290, LogLevel.Information, "Job {Job}: creating {Created} pods, deleting {Deleted}")]
    public static partial void JobPodsChanged(this ILogger logger, ObjectKey job, int created, int deleted);

    [LoggerMessage(3291, LogLevel.Information, "Job {Job} is deleted: its time to live after it finished has passed")]
    public static partial void JobExpired(this ILogger logger, ObjectKey job);
}
