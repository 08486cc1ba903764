using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Rest;

/// <summary>Log messages of the API over HTTP. Event ids 7200-7249.</summary>
internal static partial class RestLog
{
    [LoggerMessage(7200, LogLevel.Warning, "API server {Failed} could not be asked; {Next} is asked from now on")]
    public static partial void AsksAnother(this ILogger logger, Uri failed, Uri next);

    [LoggerMessage(7201, LogLevel.Information, "The cluster's API servers: {Servers}")]
    public static partial void ServersFound(this ILogger logger, string servers);

    [LoggerMessage(7202, LogLevel.Information, "Waiting for the kubeconfig {Path}")]
    public static partial void WaitingForKubeconfig(this ILogger logger, string path);
}
