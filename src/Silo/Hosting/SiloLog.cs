using Microsoft.Extensions.Logging;

namespace KubeAspire.Silo.Hosting;

/// <summary>Log messages of the silo's host. Event ids 2900-2949.</summary>
internal static partial class SiloLog
{
    [LoggerMessage(2901, LogLevel.Warning, "Redis at {Redis} is not used: this build has no Orleans, which several silos need; the state is kept on this machine")]
    public static partial void RedisUnused(this ILogger logger, string redis);
}
