using System.Diagnostics;
using KubeAspire.AppHost.Graph;
using KubeAspire.ServiceDefaults;

namespace KubeAspire.AppHost.Launching;

/// <summary>Runs one resource: starts it, starts it again when it ends by itself, stops it.</summary>
internal sealed class ManagedProcess(GraphResource resource, ClusterOptions options, ResourceLog log, string? readySocket, TimeProvider clock)
{
    /// <summary>Wait before the first restart; doubles up to <see cref="MaximumBackoff"/>. 0.2 s.</summary>
    private static readonly TimeSpan s_initialBackoff = TimeSpan.FromSeconds(0.2);

    /// <summary>A process that ran this long starts over with the shortest wait. 30 s.</summary>
    private static readonly TimeSpan s_steady = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait before a restart. 10 s.</summary>
    public static readonly TimeSpan MaximumBackoff = TimeSpan.FromSeconds(10);

    /// <summary>How long a process may take to end after SIGTERM. 15 s.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);

    public GraphResource Resource => resource;

    public string PidPath => PidPathOf(options, resource.Name);

    public static string PidPathOf(ClusterOptions options, string name) => Path.Combine(options.RunDirectory, $"{name}.pid");

    /// <summary>Runs until cancelled; then the process has ended.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = s_initialBackoff;
        while (!cancellationToken.IsCancellationRequested)
        {
            var started = clock.GetUtcNow();
            var code = await RunOnceAsync(cancellationToken);
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            backoff = clock.GetUtcNow() - started > s_steady ? s_initialBackoff : backoff;
            log.Write($"ended with code {code}; starting again in {backoff.TotalSeconds:0.0} s");
            try
            {
                await Task.Delay(backoff, clock, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            backoff = TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, MaximumBackoff.Ticks));
        }
    }

    private async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo() };
        process.OutputDataReceived += (_, line) => Show(line.Data);
        process.ErrorDataReceived += (_, line) => Show(line.Data);
        process.Start();
        PidFile.Write(PidPath, process.Id);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Posix.Signal(process.Id, Posix.SigTerm);
            using var patience = new CancellationTokenSource(StopPatience, clock);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                log.Write($"did not end within {StopPatience.TotalSeconds} s of SIGTERM; killed");
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        File.Delete(PidPath);
        return process.ExitCode;
    }

    private void Show(string? line)
    {
        if (line is not null)
        {
            log.Write(line);
        }
    }

    // setsid takes the process out of the terminal's group: Ctrl-C reaches the launcher alone, which stops the others in order.
    private ProcessStartInfo StartInfo()
    {
        var executable = resource.IsProject ? ExecutableOf(resource.Program, options) : resource.Program;
        const string SetSid = "/usr/bin/setsid";
        var info = new ProcessStartInfo
        {
            FileName = File.Exists(SetSid) ? SetSid : executable,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.RepositoryRoot,
        };
        if (info.FileName == SetSid)
        {
            info.ArgumentList.Add(executable);
        }

        foreach (var argument in resource.Arguments)
        {
            info.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in EnvironmentOf(resource))
        {
            info.Environment[name] = value;
        }

        if (readySocket is not null)
        {
            info.Environment[ReadyNotice.Variable] = readySocket;
        }

        return info;
    }

    /// <summary>What a process is told beyond what the launcher was told itself: as by Aspire, its name and where the others are.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentOf(GraphResource resource)
    {
        var environment = new Dictionary<string, string>(resource.Environment) { ["OTEL_SERVICE_NAME"] = resource.Name };
        foreach (var other in resource.WaitFor.Concat(resource.Knows))
        {
            foreach (var (name, address) in other.Endpoints)
            {
                if (other.Password is { } password)
                {
                    environment[$"ConnectionStrings__{other.Name}"] = $"{address.Authority},password={password}";
                }
                else
                {
                    environment[$"services__{other.Name}__{name}__0"] = address.GetLeftPart(UriPartial.Authority);
                }
            }
        }

        return environment;
    }

    /// <summary>The executable of a project, beside the AppHost's own in the build's output.</summary>
    public static string ExecutableOf(string project, ClusterOptions options)
    {
        var name = Path.GetFileName(project);
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(options.RepositoryRoot, "artifacts", "bin", name, configuration, $"KubeAspire.{name}");
    }
}
