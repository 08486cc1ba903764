using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Scheduler;

/// <summary>Log messages of the scheduler. Event ids 4000-4099.</summary>
internal static partial class SchedulerLog
{
    [LoggerMessage(4000, LogLevel.Information, "Scheduling as {SchedulerName}")]
    public static partial void Started(this ILogger logger, string schedulerName);

    [LoggerMessage(4001, LogLevel.Information, "Stopped scheduling")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(4002, LogLevel.Debug, "Bound pod {Pod} to node {Node}: checked {Checked} nodes, {Feasible} would do")]
    public static partial void Bound(this ILogger logger, ObjectKey pod, string node, int @checked, int feasible);

    [LoggerMessage(4003, LogLevel.Information, "Found no node for pod {Pod} at attempt {Attempt}: {Detail}")]
    public static partial void Unschedulable(this ILogger logger, ObjectKey pod, int attempt, string detail);

    [LoggerMessage(4004, LogLevel.Information, "Binding pod {Pod} to node {Node} was refused: {Reason}, {Detail}")]
    public static partial void BindingRefused(this ILogger logger, ObjectKey pod, string node, ApiErrorReason reason, string detail);

    [LoggerMessage(4005, LogLevel.Warning, "Binding pod {Pod} to node {Node} got no answer: {Detail}")]
    public static partial void BindingUnanswered(this ILogger logger, ObjectKey pod, string node, string detail);

    [LoggerMessage(4006, LogLevel.Warning, "Could not write the condition of pod {Pod}: {Reason}, {Detail}")]
    public static partial void ConditionRefused(this ILogger logger, ObjectKey pod, ApiErrorReason reason, string detail);

    [LoggerMessage(4007, LogLevel.Error, "Failed to decide about pod {Pod} at attempt {Attempt}")]
    public static partial void SchedulingThrew(this ILogger logger, ObjectKey pod, int attempt, Exception exception);

    [LoggerMessage(4008, LogLevel.Debug, "Pod {Pod} has a node already")]
    public static partial void AlreadyPlaced(this ILogger logger, ObjectKey pod);

    [LoggerMessage(4009, LogLevel.Error, "Scheduling failed and begins anew")]
    public static partial void TermFailed(this ILogger logger, Exception exception);
}
