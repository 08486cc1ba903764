using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Hosting;

/// <summary>Log messages of the node agent. Event ids 5000-5999.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(5001, LogLevel.Information, "Registered node {Node} with address {Address}")]
    public static partial void NodeRegistered(this ILogger logger, string node, string address);

    [LoggerMessage(5002, LogLevel.Warning, "Could not {Action} node {Node}: {Problem}")]
    public static partial void NodeWriteFailed(this ILogger logger, string action, string node, string problem);

    [LoggerMessage(5003, LogLevel.Warning, "Could not renew the lease of node {Node}: {Problem}")]
    public static partial void LeaseNotRenewed(this ILogger logger, string node, string problem);

    [LoggerMessage(5004, LogLevel.Information, "Waiting for a podCIDR of node {Node}")]
    public static partial void WaitingForPodCidr(this ILogger logger, string node);

    [LoggerMessage(5005, LogLevel.Information, "Node {Node} gives addresses of {PodCidr} on network {Network}")]
    public static partial void NetworkReady(this ILogger logger, string node, string podCidr, string network);

    [LoggerMessage(5006, LogLevel.Warning, "The container runtime did not answer: {Problem}")]
    public static partial void RuntimeUnavailable(this ILogger logger, string problem);

    [LoggerMessage(5010, LogLevel.Information, "Adopted {Containers} containers of {Pods} pods")]
    public static partial void Adopted(this ILogger logger, int containers, int pods);

    [LoggerMessage(5011, LogLevel.Information, "Removing what is left of pod {Namespace}/{Pod} ({Uid}): the Pod is gone")]
    public static partial void OrphanFound(this ILogger logger, string @namespace, string pod, string uid);

    [LoggerMessage(5012, LogLevel.Error, "A pass over pod {Namespace}/{Pod} failed and is tried again")]
    public static partial void SyncFailed(this ILogger logger, Exception exception, string? @namespace, string? pod);

    [LoggerMessage(5013, LogLevel.Information, "Started container {Container} of pod {Namespace}/{Pod}, attempt {Attempt}")]
    public static partial void ContainerStarted(this ILogger logger, string container, string? @namespace, string? pod, int attempt);

    [LoggerMessage(5014, LogLevel.Warning, "Could not start container {Container} of pod {Namespace}/{Pod}: {Reason}, {Problem}")]
    public static partial void ContainerNotStarted(this ILogger logger, string container, string? @namespace, string? pod, string reason, string? problem);

    [LoggerMessage(5015, LogLevel.Information, "Stopping container {Container} of pod {Namespace}/{Pod}: {Message}")]
    public static partial void ContainerStopping(this ILogger logger, string container, string? @namespace, string? pod, string message);

    [LoggerMessage(5016, LogLevel.Warning, "Could not {Action} {Container} of pod {Namespace}/{Pod}: {Problem}")]
    public static partial void RuntimeRefused(this ILogger logger, string action, string container, string? @namespace, string? pod, string problem);

    [LoggerMessage(5017, LogLevel.Information, "Pod {Namespace}/{Pod} is gone")]
    public static partial void PodGone(this ILogger logger, string? @namespace, string? pod);

    [LoggerMessage(5018, LogLevel.Warning, "Could not write the status of pod {Namespace}/{Pod}: {Problem}")]
    public static partial void StatusNotWritten(this ILogger logger, string? @namespace, string? pod, string problem);

    [LoggerMessage(5019, LogLevel.Warning, "Gateways had not routed around pod {Namespace}/{Pod} after {Seconds} s")]
    public static partial void DrainTimedOut(this ILogger logger, string? @namespace, string? pod, double seconds);

    [LoggerMessage(5020, LogLevel.Warning, "Could not pull image {Image} for pod {Namespace}/{Pod}: {Problem}")]
    public static partial void PullFailed(this ILogger logger, string image, string? @namespace, string? pod, string problem);

    [LoggerMessage(5021, LogLevel.Information, "Watching events of the container runtime")]
    public static partial void EventsConnected(this ILogger logger);

    [LoggerMessage(5022, LogLevel.Warning, "Events of the container runtime ended; listing again")]
    public static partial void EventsEnded(this ILogger logger);

    [LoggerMessage(5030, LogLevel.Information, "Opened the tunnel to the API server {Server}")]
    public static partial void TunnelOpened(this ILogger logger, string server);

    [LoggerMessage(5031, LogLevel.Information, "The tunnel to the API server {Server} ended: {Problem}")]
    public static partial void TunnelEnded(this ILogger logger, string server, string problem);

    [LoggerMessage(5032, LogLevel.Warning, "Reading the log of container {Container} ended: {Problem}")]
    public static partial void LogStreamEnded(this ILogger logger, string container, string problem);

    [LoggerMessage(5033, LogLevel.Information, "Opened {What} into {Namespace}/{Pod} {Container} over {Protocol}")]
    public static partial void StreamOpened(this ILogger logger, string what, string? @namespace, string? pod, string container, string protocol);

    [LoggerMessage(5034, LogLevel.Information, "Ended {What} into {Namespace}/{Pod}: {Problem}")]
    public static partial void StreamEnded(this ILogger logger, string what, string? @namespace, string? pod, string problem);

    [LoggerMessage(5040, LogLevel.Warning, "{Kind} probe of container {Container} of pod {Namespace}/{Pod} failed: {Problem}")]
    public static partial void ProbeFailed(this ILogger logger, string kind, string container, string? @namespace, string? pod, string problem);

    [LoggerMessage(5050, LogLevel.Information, "Removed {Containers} containers of node {Node}")]
    public static partial void CleanedUp(this ILogger logger, int containers, string node);
}
