using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer;

/// <summary>Log messages of the API server. Event ids 2000-2899.</summary>
internal static partial class ApiServerLog
{
    [LoggerMessage(2001, LogLevel.Information, "Opened the tunnel of node {Node}")]
    public static partial void TunnelOpened(this ILogger logger, string node);

    [LoggerMessage(2002, LogLevel.Information, "Closed the tunnel of node {Node}")]
    public static partial void TunnelClosed(this ILogger logger, string node);

    [LoggerMessage(2003, LogLevel.Error, "Could not answer {Method} {Path}")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string method, string path);

    [LoggerMessage(2004, LogLevel.Warning, "Could not write bootstrap object {Kind} {Name}: {Detail}")]
    public static partial void BootstrapRefused(this ILogger logger, string kind, string name, string detail);

    [LoggerMessage(2005, LogLevel.Information, "Wrote bootstrap object {Kind} {Name}")]
    public static partial void BootstrapWritten(this ILogger logger, string kind, string name);
}
