using System.Diagnostics;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Commands;

/// <summary>Removes what a cluster has outside its state directory: processes, containers, the network, the route. Nothing to do is fine.</summary>
internal static class Cleanup
{
    public static async Task RunAsync(ClusterOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        await EndProcessesAsync(options, clock);
        await RestoreMachineAsync(options, cancellationToken);
    }

    /// <summary>Ends processes of an earlier start.</summary>
    public static async Task EndProcessesAsync(ClusterOptions options, TimeProvider clock)
    {
        foreach (var file in LeftPidFiles(options))
        {
            await PidFile.EndAsync(file, ManagedProcess.StopPatience, clock);
        }
    }

    /// <summary>Removes what earlier processes, which have ended, left on the machine.</summary>
    public static async Task RestoreMachineAsync(ClusterOptions options, CancellationToken cancellationToken)
    {
        var agent = ManagedProcess.ExecutableOf("src/NodeAgent", options);
        if (File.Exists(agent) && File.Exists(Engine.DockerEngine.Socket))
        {
            // Most of the time nothing is left, and asking the Engine is much cheaper than starting an agent a node to find that out.
            var left = await Engine.DockerEngine.LeftoversAsync(options, cancellationToken);
            var nodes = ClusterGraph.Describe(options).Where(resource => resource.Program == "src/NodeAgent").ToList();
            foreach (var node in left.Containers ? nodes : [])
            {
                await RunAsync(agent, ["cleanup", "--node-name", node.Name], node.Environment, cancellationToken);
            }

            if (left.Network)
            {
                await RunAsync(agent, ["cleanup", "--network"], nodes[^1].Environment, cancellationToken);
            }
        }

        if (Posix.IsRoot && File.Exists("/proc/net/fib_trie"))
        {
            // Silent where there is no such route.
            await RunAsync("ip", ["route", "del", "local", options.ServiceCidr, "dev", "lo"], new Dictionary<string, string>(), cancellationToken);
        }
    }

    // Of whatever graph ran here last, which may have had more silos or nodes than the one that is asked for now. Who uses others ends before them.
    // An Engine that was started is needed to remove what it runs, and ended last.
    private static IEnumerable<string> LeftPidFiles(ClusterOptions options) => !Directory.Exists(options.RunDirectory) ? [] :
        Directory.GetFiles(options.RunDirectory, "*.pid")
            .Where(file => Path.GetFileName(file) is not (ClusterLock.OwnerFile or Engine.DockerEngine.PidFileName))
            .OrderBy(file => Path.GetFileName(file) is var name && name.StartsWith("redis", StringComparison.Ordinal) ? 2 : name.StartsWith("silo", StringComparison.Ordinal) ? 1 : 0);

    private static async Task RunAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        try
        {
            using var process = Process.Start(info)!;
            await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // The program is not installed: then it has left nothing either.
        }
    }
}
