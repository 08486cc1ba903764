using KubeAspire.ApiMachinery.Errors;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Events;

/// <summary>Log messages of the event recorder. Event ids 7100-7199.</summary>
internal static partial class EventLog
{
    [LoggerMessage(7100, LogLevel.Warning, "Dropped {Count} events of {Component} so far: the queue was full")]
    public static partial void EventsDropped(this ILogger logger, long count, string component);

    [LoggerMessage(7101, LogLevel.Debug, "Event {EventReason} about {Kind} {Name} was refused: {Reason}, {Detail}")]
    public static partial void EventRefused(this ILogger logger, string eventReason, string kind, string name, ApiErrorReason reason, string detail);

    [LoggerMessage(7102, LogLevel.Warning, "Could not write event {EventReason} about {Kind} {Name} after {Attempts} attempts: {Detail}")]
    public static partial void EventLost(this ILogger logger, string eventReason, string kind, string name, int attempts, string detail);
}
