using System.Globalization;
using KubeAspire.StateStore.Backups;
using Microsoft.Extensions.Configuration;
#if ORLEANS
using KubeAspire.Silo.Grains;
#endif

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
            var summary = await CarryOutAsync(verb, file, directory, configuration, cancellationToken);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(verb == "backup" ? "wrote" : "restored")} {file}: revision {summary.Header.Revision} of {summary.Header.TakenAt:u}, {summary.Entries} objects, {summary.Files.Count} key files, {summary.Bytes} bytes"));
            if (verb == "restore")
            {
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

    private static async Task<BackupSummary> CarryOutAsync(string verb, string file, string directory, IConfiguration configuration, CancellationToken cancellationToken)
    {
        var clock = TimeProvider.System;
#if ORLEANS
        if (SharedData.Options(configuration) is { } redis)
        {
            return verb == "backup" ? await SharedData.BackupAsync(file, redis, clock, cancellationToken) : await SharedData.RestoreAsync(file, redis, clock, cancellationToken);
        }
#else
        _ = configuration; // A Redis is not used without Orleans, whatever is configured.
#endif
        return verb == "backup" ? await ClusterData.BackupAsync(directory, file, clock, cancellationToken) : ClusterData.Restore(file, directory);
    }
}
