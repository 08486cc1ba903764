using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.NodeLifecycle;

/// <summary>Log messages of the node lifecycle controller. Event ids 3230-3249.</summary>
internal static partial class NodeLifecycleLog
{
    [LoggerMessage(3230, LogLevel.Warning, "Node {Node} was not heard of for {Seconds:F0} s; its conditions are now Unknown")]
    public static partial void NodeSilent(this ILogger logger, string node, double seconds);

    [LoggerMessage(3231, LogLevel.Information, "Node {Node} now has the taints [{Taints}]")]
    public static partial void NodeTainted(this ILogger logger, string node, string taints);

    [LoggerMessage(3232, LogLevel.Warning, "No node is ready; nothing is evicted from node {Node}")]
    public static partial void EvictionHeld(this ILogger logger, string? node);
}
