using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ControllerRuntime.Reconciling;

/// <summary>Log messages of the controller host. Event ids 7500-7599.</summary>
internal static partial class ControllerLog
{
    [LoggerMessage(7500, LogLevel.Information, "Gained leadership of {Work}")]
    public static partial void LeadershipGained(this ILogger logger, string work);

    [LoggerMessage(7501, LogLevel.Information, "Gave up leadership of {Work}")]
    public static partial void LeadershipLost(this ILogger logger, string work);

    [LoggerMessage(7502, LogLevel.Error, "Could not run {Work} as its leader")]
    public static partial void LeadershipFailed(this ILogger logger, string work, Exception exception);

    [LoggerMessage(7503, LogLevel.Information, "Started controller {Controller} with {Workers} workers")]
    public static partial void ControllerStarted(this ILogger logger, string controller, int workers);

    [LoggerMessage(7504, LogLevel.Information, "Stopped controller {Controller}")]
    public static partial void ControllerStopped(this ILogger logger, string controller);

    [LoggerMessage(7505, LogLevel.Error, "Controller {Controller} failed on {Key} after {Failures} failures in a row")]
    public static partial void PassThrew(this ILogger logger, string controller, ObjectKey key, int failures, Exception exception);

    [LoggerMessage(7506, LogLevel.Warning, "Controller {Controller} was refused on {Key} after {Failures} failures in a row: {Reason}, {Detail}")]
    public static partial void PassRefused(this ILogger logger, string controller, ObjectKey key, int failures, ApiErrorReason reason, string detail);

    [LoggerMessage(7507, LogLevel.Debug, "Controller {Controller} lost a write race on {Key}: {Detail}")]
    public static partial void PassConflicted(this ILogger logger, string controller, ObjectKey key, string detail);
}
