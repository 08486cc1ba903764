using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.GarbageCollection;

/// <summary>Log messages of the garbage collector. Event ids 3270-3279.</summary>
internal static partial class GarbageLog
{
    [LoggerMessage(3270, LogLevel.Information, "Deleted {Object}, which no living owner holds, with propagation {Policy}")]
    public static partial void Collected(this ILogger logger, string @object, string policy);

    [LoggerMessage(3271, LogLevel.Information, "Let {Count} dependents of {Object} go")]
    public static partial void Orphaned(this ILogger logger, string @object, int count);

    [LoggerMessage(3272, LogLevel.Warning, "{Object} names the owner {ApiVersion} {Kind} {Name}, whose kind is not served or of a scope that cannot own it; kept")]
    public static partial void OwnerUnknown(this ILogger logger, string @object, string apiVersion, string kind, string name);
}
