using KubeAspire.AppHost.Engine;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Commands;

/// <summary><c>down</c>: stops the cluster, and whatever an earlier one left behind.</summary>
internal sealed class DownCommand(ClusterOptions options, TimeProvider clock)
{
    /// <summary>How long the launcher may take to stop everything. 90 s.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    public async Task<int> RunAsync(bool purge)
    {
        if (ClusterLock.Holder(options) is not null)
        {
            Console.WriteLine("stopping the cluster");
            await PidFile.EndAsync(Path.Combine(options.RunDirectory, "launcher.pid"), s_patience, clock);
        }

        await Cleanup.RunAsync(options, clock, CancellationToken.None);
        await new DockerEngine(options, Console.WriteLine, clock).EndAsync();
        if (purge && Directory.Exists(options.StateDirectory))
        {
            Directory.Delete(options.StateDirectory, recursive: true);
            Console.WriteLine($"removed {options.StateDirectory}");
            if (options.Redis is { } redis)
            {
                Console.WriteLine($"the Redis at {redis.Split(',')[0]} was not touched: it may hold state of the cluster");
            }
        }

        Console.WriteLine("the cluster is down");
        return 0;
    }
}
