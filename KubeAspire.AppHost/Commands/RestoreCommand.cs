using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Commands;

/// <summary><c>restore FILE</c>: makes the state of a cluster of a backup, whatever number of silos it was of. The cluster must be down, and forgotten.</summary>
internal sealed class RestoreCommand(ClusterOptions options, TimeProvider clock)
{
    public async Task<int> RunAsync(string file)
    {
        file = Path.GetFullPath(file);
        using var clusterLock = ClusterLock.TryTake(options, out var holder);
        if (clusterLock is null)
        {
            await Console.Error.WriteLineAsync($"The cluster is up (process {holder}): ./dev down stops it, ./dev down --purge forgets its state, too.");
            return 1;
        }

        var taken = options.StartsRedis && Directory.Exists(options.RedisDirectory);
        if ((taken ? $"{options.StateDirectory} holds the state of several silos; ./dev down --purge forgets it." : ClusterCheck.Prepare(options)) is { } obstacle)
        {
            await Console.Error.WriteLineAsync($"Nothing was restored: {obstacle}");
            return 1;
        }

        var exitCode = await new SiloProgram(options, clock).RunAsync(["restore", file], CancellationToken.None);
        if (exitCode != 0 && options.StartsRedis)
        {
            // Made for this, and empty: left there, it would be taken for a state.
            Directory.Delete(options.RedisDirectory, recursive: true);
        }

        Console.WriteLine(exitCode == 0 ? "./dev up starts the cluster" : "Nothing was restored. ./dev down --purge forgets the state of a cluster that is in the way.");
        return exitCode;
    }
}
