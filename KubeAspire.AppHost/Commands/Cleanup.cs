using System.Diagnostics;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Commands;

/// <summary>Removes what a cluster has outside its state directory: processes, containers, the network, the route. Nothing to do is fine.</summary>
internal static class Cleanup
{
    public static async Task RunAsync(ClusterOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        foreach (var resource in ClusterGraph.Describe(options).Reverse())
        {
            await PidFile.EndAsync(ManagedProcess.PidPathOf(options, resource.Name), ManagedProcess.StopPatience, clock);
        }

        var agent = ManagedProcess.ExecutableOf("src/NodeAgent", options);
        if (File.Exists(agent) && File.Exists(Engine.DockerEngine.Socket))
        {
            foreach (var node in ClusterGraph.Describe(options).Where(resource => resource.Project == "src/NodeAgent"))
            {
                await RunAsync(agent, ["cleanup", "--node-name", node.Name], node.Environment, cancellationToken);
            }

            await RunAsync(agent, ["cleanup", "--network"], ClusterGraph.Describe(options)[^1].Environment, cancellationToken);
        }

        if (Posix.IsRoot && File.Exists("/proc/net/fib_trie"))
        {
            // Silent where there is no such route.
            await RunAsync("ip", ["route", "del", "local", options.ServiceCidr, "dev", "lo"], new Dictionary<string, string>(), cancellationToken);
        }
    }

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
