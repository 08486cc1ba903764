using System.Globalization;
using KubeAspire.StateStore.Backups;
using Microsoft.Extensions.Configuration;

namespace KubeAspire.Silo.Hosting;

/// <summary>What the silo's program does besides running: <c>backup FILE</c> and <c>restore FILE</c>, for a cluster that is down.</summary>
internal static class ClusterVerbs
{
    /// <summary>Carries a verb out.</summary>
    /// <returns>The exit code; null where the arguments are no verb, and the control plane is to run.</returns>
    public static async Task<int?> TryRunAsync(string[] args, CancellationToken cancellationToken)
    {
        if (args is not [("backup" or "restore") and var verb, var file])
        {
            return null;
        }

        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        if (configuration.GetSection(SiloOptions.SectionName)["DataDirectory"] is not { Length: > 0 } directory)
        {
            await Console.Error.WriteLineAsync("Silo__DataDirectory is not set");
            return 2;
        }

        try
        {
            if (verb == "backup")
            {
                Console.WriteLine(Describe("wrote", file, await ClusterData.BackupAsync(directory, file, TimeProvider.System, cancellationToken)));
            }
            else
            {
                var summary = configuration.GetConnectionString(SiloState.RedisName) is { Length: > 0 } redis
                    ? await ClusterData.RestoreToRedisAsync(file, redis, configuration.GetSection(SiloOptions.SectionName)["ClusterName"], cancellationToken) : ClusterData.Restore(file, directory);
                Console.WriteLine(Describe("restored", file, summary));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the store is at revision {summary.Header.Revision + StateBackup.RevisionJump} now"));
            }

            return 0;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(failed.Message);
            return 1;
        }
    }

    private static string Describe(string done, string file, BackupSummary backup) => string.Create(
        CultureInfo.InvariantCulture,
        $"{done} {file}: revision {backup.Header.Revision} of {backup.Header.TakenAt:u}, {backup.Entries} objects, {backup.Files.Count} key files, {backup.Bytes} bytes");
}
