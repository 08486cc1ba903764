using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>Log messages of custom resources. Event ids 2700-2709.</summary>
internal static partial class CustomResourceLog
{
    [LoggerMessage(2700, LogLevel.Information, "Serving {Definition}: {Versions}")]
    public static partial void DefinitionServed(this ILogger logger, string definition, string versions);

    [LoggerMessage(2701, LogLevel.Information, "No longer serving {Definition}")]
    public static partial void DefinitionUnserved(this ILogger logger, string definition);

    [LoggerMessage(2702, LogLevel.Warning, "Could not write the status of {Definition}, to be tried again: {Detail}")]
    public static partial void DefinitionStatusRefused(this ILogger logger, string definition, string detail);

    [LoggerMessage(2703, LogLevel.Error, "Could not serve {Definition}")]
    public static partial void DefinitionBroken(this ILogger logger, string definition, Exception exception);

    [LoggerMessage(2704, LogLevel.Information, "Deleted the objects of {Definition} and let it go")]
    public static partial void CollectionRemoved(this ILogger logger, string definition);

    [LoggerMessage(2705, LogLevel.Warning, "Could not delete the objects of {Definition}, to be tried again: {Detail}")]
    public static partial void CollectionNotRemoved(this ILogger logger, string definition, string detail);

    [LoggerMessage(2706, LogLevel.Warning, "Could not list the groups of custom resources as APIServices, to be tried again: {Detail}")]
    public static partial void GroupsNotListed(this ILogger logger, string detail);

    [LoggerMessage(2707, LogLevel.Error, "Could not write what the definitions say, to be tried again")]
    public static partial void WriteFailed(this ILogger logger, Exception exception);
}
