using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Commands;

/// <summary><c>restore FILE</c>: makes the state of a cluster of a backup. The cluster must be down, and forgotten.</summary>
internal sealed class RestoreCommand(ClusterOptions options)
{
    public async Task<int> RunAsync(string file)
    {
        file = Path.GetFullPath(file);
        if (options.Silos > 1)
        {
            await Console.Error.WriteLineAsync("Nothing was restored: a backup, also one of several silos, is restored to the store of one silo (KUBEASPIRE_SILOS=1 ./dev restore FILE).");
            return 1;
        }

        if (Directory.Exists(options.RedisDirectory))
        {
            await Console.Error.WriteLineAsync($"Nothing was restored: {options.StateDirectory} holds the state of several silos; ./dev down --purge forgets it.");
            return 1;
        }

        using var clusterLock = ClusterLock.TryTake(options, out var holder);
        if (clusterLock is null)
        {
            await Console.Error.WriteLineAsync($"The cluster is up (process {holder}): ./dev down stops it, ./dev down --purge forgets its state, too.");
            return 1;
        }

        var exitCode = await SiloProgram.RunAsync(options, ["restore", file], CancellationToken.None);
        Console.WriteLine(exitCode == 0 ? "./dev up starts the cluster" : "Nothing was restored. ./dev down --purge forgets the state of a cluster that is in the way.");
        return exitCode;
    }
}
