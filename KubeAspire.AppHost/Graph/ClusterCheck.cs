using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Graph;

/// <summary>Whether this build, this machine and the state that is there can be the cluster that was asked for.</summary>
internal static class ClusterCheck
{
    private const string RedisServer = "redis-server";

    /// <summary>Looks, and makes ready what the graph needs to be there.</summary>
    /// <returns>One sentence about what is in the way; null where nothing is.</returns>
    public static string? Prepare(ClusterOptions options)
    {
        if (ObstacleTo(options, HasOrleans(options), IsInstalled(RedisServer)) is { } obstacle)
        {
            return obstacle;
        }

        if (options.StartsRedis)
        {
            RedisSetup.Prepare(options.RedisDirectory);
        }

        return null;
    }

    /// <summary>What is in the way, in one sentence.</summary>
    /// <param name="options">The cluster.</param>
    /// <param name="hasOrleans">Whether the silo was built with Orleans.</param>
    /// <param name="hasRedis">Whether the machine has a redis-server.</param>
    public static string? ObstacleTo(ClusterOptions options, bool hasOrleans, bool hasRedis)
    {
        var embedded = Path.Combine(options.StateDirectory, "silo", "state");
        return options switch
        {
            { Silos: 1 } when Directory.Exists(options.RedisDirectory) =>
                $"{options.StateDirectory} holds the state of several silos: KUBEASPIRE_SILOS, set to more than 1, runs them, ./dev down --purge forgets it.",
            { Silos: 1 } => null,
            _ when !hasOrleans =>
                $"KUBEASPIRE_SILOS is {options.Silos}, and this build has no Orleans, which several silos need: its packages did not restore when it was built.",
            _ when Directory.Exists(embedded) =>
                $"{options.StateDirectory} holds the state of one silo, which several do not read: KUBEASPIRE_SILOS=1 runs it, ./dev down --purge forgets it.",
            { StartsRedis: true } when !hasRedis =>
                $"Several silos keep their state in Redis, and there is no {RedisServer} on this machine: install version 7 or later (Debian, Ubuntu: apt-get install redis-server), or say by ConnectionStrings__redis where one is.",
            _ => null,
        };
    }

    // What the silo was built with lies beside it.
    private static bool HasOrleans(ClusterOptions options) =>
        File.Exists(Path.Combine(Path.GetDirectoryName(ManagedProcess.ExecutableOf("src/Silo", options))!, "Orleans.Runtime.dll"));

    private static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
