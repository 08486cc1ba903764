using Microsoft.Extensions.Logging;

namespace KubeAspire.Silo.Grains;

/// <summary>Log messages of the silo's grains. Event ids 2950-2979.</summary>
internal static partial class GrainsLog
{
    [LoggerMessage(2950, LogLevel.Information, "Runs {Work} for the cluster")]
    public static partial void Leads(this ILogger logger, string work);

    [LoggerMessage(2951, LogLevel.Information, "No longer runs {Work} for the cluster")]
    public static partial void NoLongerLeads(this ILogger logger, string work);

    [LoggerMessage(2952, LogLevel.Debug, "No answer to who runs {Work}: {Reason}")]
    public static partial void NoAnswer(this ILogger logger, string work, string reason);

    [LoggerMessage(2953, LogLevel.Information, "Joined the cluster {Cluster} as {Silo} at {Address}, clustered through Redis")]
    public static partial void Joined(this ILogger logger, string cluster, string silo, string address);

    [LoggerMessage(2954, LogLevel.Information, "Silo {Silo} at {Address} is a member")]
    public static partial void Came(this ILogger logger, string silo, string address);

    [LoggerMessage(2955, LogLevel.Information, "Silo {Silo} at {Address} has left in order")]
    public static partial void Left(this ILogger logger, string silo, string address);

    [LoggerMessage(2956, LogLevel.Warning, "Silo {Silo} at {Address} is held dead: it gave no sign of life")]
    public static partial void HeldDead(this ILogger logger, string silo, string address);

    [LoggerMessage(2957, LogLevel.Warning, "Could not read who the members are: {Reason}")]
    public static partial void CouldNotLook(this ILogger logger, string reason);
}
