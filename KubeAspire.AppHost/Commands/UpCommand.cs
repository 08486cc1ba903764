using System.Diagnostics;
using System.Runtime.InteropServices;
using KubeAspire.AppHost.Engine;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;
using KubeAspire.ServiceDefaults;

namespace KubeAspire.AppHost.Commands;

/// <summary><c>up</c>: brings the cluster up, says where it is, and keeps it until Ctrl-C, SIGTERM or <c>down</c>.</summary>
internal sealed class UpCommand(ClusterOptions options, TimeProvider clock)
{
    /// <summary>How long the cluster may take to be ready. 2 minutes: a first start makes keys and images.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    /// <summary>How long asking why may take. 5 s.</summary>
    private static readonly TimeSpan s_explainPatience = TimeSpan.FromSeconds(5);

    /// <summary>Lines shown of each resource's log after a failure. 10.</summary>
    private const int LogLinesShown = 10;

    private readonly Progress _progress = new();

    /// <param name="showLogs">Whether the resources' log lines are shown.</param>
    public async Task<int> RunAsync(bool showLogs)
    {
        var notice = ReadyNotice.Take();
        using var clusterLock = ClusterLock.TryTake(options, out var holder);
        if (clusterLock is null)
        {
            return await JoinAsync(holder);
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));

        if (ClusterCheck.Prepare(options) is { } obstacle)
        {
            _progress.Fail(obstacle);
            return 1;
        }

        await Cleanup.EndProcessesAsync(options, clock);
        var graph = ClusterGraph.Describe(options);
        var machine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var launcher = new Launcher(options, graph, machine.Task, showLogs ? Console.WriteLine : null, clock);
        var running = launcher.RunAsync(stop.Token);
        var engine = new DockerEngine(options, Console.WriteLine, clock);
        var ready = false;
        try
        {
            ready = await PrepareMachineAsync(engine, machine, stop.Token) && await WaitAsync(launcher, graph, running, stop.Token);
            if (ready)
            {
                ShowEndpoints(graph, "Ctrl-C stops the cluster and keeps its state; ./dev down --purge forgets it.");
                notice.Send();
            }
        }
        finally
        {
            if (!ready)
            {
                await stop.CancelAsync();
            }

            await running;
        }

        await Cleanup.RunAsync(options, clock, CancellationToken.None);
        await engine.EndAsync();
        return ready ? 0 : 1;
    }

    /// <summary>Starts the cluster in a process of its own and returns once it is ready.</summary>
    public async Task<int> RunDetachedAsync()
    {
        if (ClusterLock.Holder(options) is { } holder)
        {
            return await JoinAsync(holder);
        }

        if (ClusterCheck.Prepare(options) is { } obstacle)
        {
            _progress.Fail(obstacle);
            return 1;
        }

        Directory.CreateDirectory(options.RunDirectory);
        var log = Path.Combine(options.RunDirectory, "up.log");
        var self = Environment.ProcessPath!;
        var info = new ProcessStartInfo("/bin/sh", ["-c", $"exec setsid '{self}' up >'{log}' 2>&1 </dev/null"]);
        using var notices = new ReadySocket();
        info.Environment[ReadyNotice.Variable] = notices.Name;
        using var process = Process.Start(info)!;
        // A little longer than the started process itself waits, so that its explanation is in the log by then.
        using var patience = new CancellationTokenSource(s_patience + (2 * s_explainPatience), clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
        _ = process.WaitForExitAsync(patience.Token).ContinueWith(_ => ended.Cancel(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await notices.WaitAsync(ended.Token);
        }
        catch (OperationCanceledException)
        {
            _progress.Fail($"The cluster did not become ready; {log} says:\n{await File.ReadAllTextAsync(log, CancellationToken.None)}");
            return 1;
        }

        ShowEndpoints(ClusterGraph.Describe(options), "./dev down stops the cluster and keeps its state; ./dev down --purge forgets it.");
        return 0;
    }

    private async Task<int> JoinAsync(int? holder)
    {
        if (ClusterCheck.Prepare(options) is { } obstacle)
        {
            _progress.Fail(obstacle);
            return 1;
        }

        using var patience = new CancellationTokenSource(s_patience, clock);
        try
        {
            await ClusterProbe.WaitUntilReadyAsync(options, clock, patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Perhaps it runs as something else than what is asked for now.
            _progress.Fail($"{await ExplainAsync()}\nIt is run by process {holder}; ./dev down stops it.");
            return 1;
        }

        ShowEndpoints(ClusterGraph.Describe(options), $"The cluster was up already (process {holder}).");
        return 0;
    }

    // What the gateway and the agents need of the machine, while the silo starts: an Engine, and nothing left of an earlier start.
    private async Task<bool> PrepareMachineAsync(DockerEngine engine, TaskCompletionSource machine, CancellationToken stop)
    {
        try
        {
            if (await engine.EnsureAsync(stop) is { } advice)
            {
                _progress.Fail(advice);
                return false;
            }

            await Cleanup.RestoreMachineAsync(options, stop);
            machine.SetResult();
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    // Every process says itself when it can do its work: a silo, once its API answers; an agent, once its node is Ready.
    private async Task<bool> WaitAsync(Launcher launcher, IReadOnlyList<GraphResource> graph, Task running, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(s_patience);
        try
        {
            return await _progress.RunAsync("starting the control plane", async say =>
            {
                var silos = Task.WhenAll(graph.Where(resource => resource.Program == "src/Silo").Select(silo => launcher.HealthyAsync(silo.Name)));
                await Task.WhenAny(silos, running).WaitAsync(patience.Token);
                say($"waiting for {options.Nodes} nodes to be Ready");
                var all = Task.WhenAll(graph.Select(resource => launcher.HealthyAsync(resource.Name)));
                await Task.WhenAny(all, running).WaitAsync(patience.Token);
                return all.IsCompleted;
            });
        }
        catch (OperationCanceledException)
        {
            if (!stop.IsCancellationRequested)
            {
                _progress.Fail(await ExplainAsync());
            }

            return false;
        }
    }

    // What a person would look up next: the nodes' conditions, and the end of every log.
    private async Task<string> ExplainAsync()
    {
        using var patience = new CancellationTokenSource(s_explainPatience, clock);
        var lines = new List<string> { $"The cluster was not ready within {s_patience.TotalSeconds} s." };
        try
        {
            lines.AddRange(await ClusterProbe.ExplainAsync(options, clock, patience.Token));
        }
        catch (OperationCanceledException)
        {
            lines.Add("The API server does not answer in time.");
        }

        foreach (var resource in ClusterGraph.Describe(options))
        {
            var log = Path.Combine(options.RunDirectory, "logs", $"{resource.Name}.log");
            lines.Add($"The last lines of {log}:");
            lines.AddRange(File.Exists(log) ? File.ReadLines(log).TakeLast(LogLinesShown).Select(line => "  " + line) : ["  (there is none: it was not started)"]);
        }

        return string.Join('\n', lines);
    }

    private void ShowEndpoints(IReadOnlyList<GraphResource> graph, string hint)
    {
        var rows = graph.Where(resource => resource.IsProject)
            .SelectMany(resource => resource.Endpoints.Values.Select(endpoint => (resource.Program == "src/Silo" ? "Kubernetes API" : "Ingress", endpoint.ToString()))).ToList();
        rows.Add(("kubeconfig", options.Kubeconfig));
        rows.Add(("logs", Path.Combine(options.RunDirectory, "logs")));
        _progress.Show(rows, $"export KUBECONFIG={options.Kubeconfig}\n{hint}");
    }

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
