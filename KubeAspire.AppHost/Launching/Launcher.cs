using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Launching;

/// <summary>Runs a graph of processes where Aspire is not to be had: order, health, restarts, logs with the resource's name.</summary>
/// <param name="options">The cluster.</param>
/// <param name="graph">What runs.</param>
/// <param name="machine">Done once the machine is as those need it that work on it: there is an Engine, and nothing is left of an earlier start.</param>
/// <param name="show">Hears the log lines.</param>
/// <param name="clock">The clock.</param>
internal sealed class Launcher(ClusterOptions options, IReadOnlyList<GraphResource> graph, Task machine, Action<string>? show, TimeProvider clock)
{
    /// <summary>How often a program that does not say itself when it is ready is asked. 20 ms: start-up is to be fast.</summary>
    private static readonly TimeSpan s_healthInterval = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<string, TaskCompletionSource> _healthy =
        graph.ToDictionary(resource => resource.Name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Done once the resource has been healthy for the first time.</summary>
    public Task HealthyAsync(string name) => _healthy[name].Task;

    /// <summary>Runs everything until cancelled; stops what waits for others first, in reverse order.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new List<(GraphResource Resource, Task Task, CancellationTokenSource Stop, ResourceLog Log)>();
        foreach (var resource in graph)
        {
            var stop = new CancellationTokenSource();
            var log = new ResourceLog(Path.Combine(options.RunDirectory, "logs"), resource.Name, show);
            running.Add((resource, RunAsync(resource, log, cancellationToken, stop.Token), stop, log));
        }

        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellationToken), Task.WhenAll(running.Select(one => one.Task)));
        foreach (var level in StopOrder())
        {
            var stopping = running.Where(one => level.Contains(one.Resource)).ToList();
            await Task.WhenAll(stopping.Select(one => one.Stop.CancelAsync()));
            await Task.WhenAll(stopping.Select(one => one.Task));
        }

        running.ForEach(one =>
        {
            one.Stop.Dispose();
            one.Log.Dispose();
        });
    }

    // Who uses others stops before them.
    private IEnumerable<List<GraphResource>> StopOrder()
    {
        var left = graph.ToList();
        while (left.Count > 0)
        {
            var level = left.Where(resource => !left.Any(other => other.WaitFor.Contains(resource) || other.Knows.Contains(resource))).ToList();
            left.RemoveAll(level.Contains);
            yield return level;
        }
    }

    private async Task RunAsync(GraphResource resource, ResourceLog log, CancellationToken cancelled, CancellationToken stop)
    {
        try
        {
            await Task.WhenAll(resource.WaitFor.Select(other => HealthyAsync(other.Name)).Append(resource.NeedsMachine ? machine : Task.CompletedTask)).WaitAsync(cancelled);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        using var notices = resource.IsProject ? new ReadySocket() : null;
        var run = new ManagedProcess(resource, options, log, notices?.Name, clock).RunAsync(stop);
        await Task.WhenAll(run, notices is null ? AskAsync(resource, stop) : HearAsync(resource, notices, stop));
    }

    private async Task HearAsync(GraphResource resource, ReadySocket notices, CancellationToken stop)
    {
        try
        {
            await notices.WaitAsync(stop);
            _healthy[resource.Name].TrySetResult();
        }
        catch (OperationCanceledException)
        {
            // It is to end, ready or not.
        }
    }

    private async Task AskAsync(GraphResource resource, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await ResourceHealth.AnswersAsync(resource, stop))
            {
                _healthy[resource.Name].TrySetResult();
                return;
            }

            await Task.Delay(s_healthInterval, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
