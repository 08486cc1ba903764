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

    [LoggerMessage(2006, LogLevel.Warning, "Could not make sure that {Claim} is still its Service's: {Detail}")]
    public static partial void ClaimUnsure(this ILogger logger, string claim, string detail);

    [LoggerMessage(2007, LogLevel.Warning, "Could not give back {Claim}, the repair will: {Detail}")]
    public static partial void ClaimNotReturned(this ILogger logger, string claim, string detail);

    [LoggerMessage(2008, LogLevel.Error, "{Claim} is the number of several Services, of which all but one should be made anew: {Services}")]
    public static partial void ClaimedTwice(this ILogger logger, string claim, string services);

    [LoggerMessage(2009, LogLevel.Information, "Claimed {Claim} for the Service {Service}, which has it")]
    public static partial void ClaimMade(this ILogger logger, string claim, string service);

    [LoggerMessage(2010, LogLevel.Information, "Gave back {Claim}, which was claimed for the Service {Service} and which no Service has")]
    public static partial void ClaimFreed(this ILogger logger, string claim, string service);

    [LoggerMessage(2011, LogLevel.Warning, "Could not compare Services with what is claimed for them, tries again later: {Detail}")]
    public static partial void RepairFailed(this ILogger logger, string detail);

    [LoggerMessage(2012, LogLevel.Warning, "Could not renew the Lease {Lease} of this server or write the endpoints of the Service kubernetes, tries again: {Detail}")]
    public static partial void ServerLeaseRefused(this ILogger logger, string lease, string detail);
}
