using System.Diagnostics;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Commands;

/// <summary>Runs the silo's program for a verb of its own, of a cluster that is down: it alone knows where the state is, and how.</summary>
internal sealed class SiloProgram(ClusterOptions options, TimeProvider clock)
{
    /// <summary>How long the Redis of several silos may take to answer. 30 s: it reads its file first.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs it to its end, with this program's output; the Redis that is part of the cluster runs as long.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var graph = ClusterGraph.Describe(options);
        var silo = graph.First(resource => resource.Program == "src/Silo");
        if (silo.WaitFor.Count == 0)
        {
            return await RunAsync(silo, arguments, cancellationToken);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var launcher = new Launcher(options, silo.WaitFor, Task.CompletedTask, null, clock);
        var running = launcher.RunAsync(stop.Token);
        try
        {
            await Task.WhenAll(silo.WaitFor.Select(other => launcher.HealthyAsync(other.Name))).WaitAsync(s_patience, clock, cancellationToken);
            return await RunAsync(silo, arguments, cancellationToken);
        }
        catch (TimeoutException)
        {
            await Console.Error.WriteLineAsync($"Redis did not answer within {s_patience.TotalSeconds} s: {Path.Combine(options.RunDirectory, "logs", "redis.log")} may say why.");
            return 1;
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
    }

    private async Task<int> RunAsync(GraphResource silo, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var info = new ProcessStartInfo(ManagedProcess.ExecutableOf(silo.Program, options), arguments);
        foreach (var (name, value) in ManagedProcess.EnvironmentOf(silo))
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }
}
