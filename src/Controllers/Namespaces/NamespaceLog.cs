using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Namespaces;

/// <summary>Log messages of the namespace controller. Event ids 3260-3269.</summary>
internal static partial class NamespaceLog
{
    [LoggerMessage(3260, LogLevel.Information, "Emptied namespace {Namespace} and let it go")]
    public static partial void NamespaceEmptied(this ILogger logger, string? @namespace);
}
