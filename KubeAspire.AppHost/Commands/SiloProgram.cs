using System.Diagnostics;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Commands;

/// <summary>Runs the silo's program for a verb of its own: it alone knows what is below its data directory.</summary>
internal static class SiloProgram
{
    /// <summary>Runs it to its end, with this program's output.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(ClusterOptions options, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var silo = ClusterGraph.Describe(options).First(resource => resource.Program == "src/Silo");
        var info = new ProcessStartInfo(ManagedProcess.ExecutableOf(silo.Program, options), arguments);
        foreach (var (name, value) in silo.Environment)
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }
}
