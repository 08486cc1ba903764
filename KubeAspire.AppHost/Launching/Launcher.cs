using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Launching;

/// <summary>Runs a graph of processes where Aspire is not to be had: order, health, restarts, logs with the resource's name.</summary>
internal sealed class Launcher(ClusterOptions options, IReadOnlyList<GraphResource> graph, Action<string>? show, TimeProvider clock)
{
    /// <summary>How often a health URL is asked while it does not answer yet. 20 ms: start-up is to be fast.</summary>
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
            await Task.WhenAll(resource.WaitFor.Select(other => HealthyAsync(other.Name))).WaitAsync(cancelled);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var run = new ManagedProcess(resource, options, log, clock).RunAsync(stop);
        await Task.WhenAll(run, WatchHealthAsync(resource, stop));
    }

    private async Task WatchHealthAsync(GraphResource resource, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await ResourceHealth.AnswersAsync(resource, stop))
            {
                _healthy[resource.Name].TrySetResult();
                return;
            }

            try
            {
                await Task.Delay(s_healthInterval, clock, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
