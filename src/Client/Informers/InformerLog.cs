using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Informers;

/// <summary>Log messages of the informers. Event ids 7000-7099.</summary>
internal static partial class InformerLog
{
    [LoggerMessage(7000, LogLevel.Debug, "Synced {Resource}: {Count} objects at revision {Revision}")]
    public static partial void InformerSynced(this ILogger logger, string resource, int count, string revision);

    [LoggerMessage(7001, LogLevel.Information, "Could not list or watch {Resource} from revision {Revision}: {Detail}")]
    public static partial void InformerFailed(this ILogger logger, string resource, string revision, string detail);

    [LoggerMessage(7002, LogLevel.Warning, "Refused to {Verb} {Resource}: {Reason}, {Detail}")]
    public static partial void InformerRefused(this ILogger logger, string resource, string verb, ApiErrorReason reason, string detail);

    [LoggerMessage(7005, LogLevel.Information, "Could not follow {Resource}: the kind is not served")]
    public static partial void KindNotServed(this ILogger logger, string resource);

    [LoggerMessage(7003, LogLevel.Information, "Listing {Resource} anew: revision {Revision} was compacted")]
    public static partial void InformerExpired(this ILogger logger, string resource, string revision);

    [LoggerMessage(7004, LogLevel.Error, "A handler of {Resource} failed on {Key}")]
    public static partial void HandlerFailed(this ILogger logger, string resource, ObjectKey key, Exception exception);
}
