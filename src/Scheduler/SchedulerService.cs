using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.Scheduler.Cache;
using KubeAspire.Scheduler.Explain;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins;
using KubeAspire.Scheduler.Queue;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Scheduler;

/// <summary>The scheduler: listens always, decides while this process leads.</summary>
public sealed class SchedulerService : BackgroundService
{
    /// <summary>What leadership is asked for.</summary>
    public const string Work = "kube-scheduler";

    /// <summary>Wait before leadership is asked for again where a term failed. 2 s.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly IInformerFactory _informers;
    private readonly ILeadership _leadership;
    private readonly SchedulerOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly SchedulingQueue _queue;
    private readonly Func<PodScheduler> _newTerm;

    /// <summary>A scheduler that has not begun.</summary>
    /// <param name="client">Writes bindings and conditions, as the scheduler's user.</param>
    /// <param name="informers">Watches nodes, pods and what pods belong to; started by this service.</param>
    /// <param name="events">Tells users.</param>
    /// <param name="memory">Keeps decisions for an explanation.</param>
    /// <param name="leadership">Says whether the work runs here.</param>
    /// <param name="options">Names and times.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="random">Chooses among equal nodes.</param>
    /// <param name="logger">Hears what happens.</param>
    public SchedulerService(
        IApiClient client, IInformerFactory informers, IEventRecorder events, DecisionMemory memory, ILeadership leadership,
        SchedulerOptions options, TimeProvider clock, Random random, ILogger<SchedulerService> logger)
    {
        (_informers, _leadership, _options, _clock, _logger) = (informers, leadership, options, clock, logger);
        var profile = DefaultProfile.Create();
        var cache = new SchedulerCache(clock, options.AssumedMax);
        _queue = new SchedulingQueue(clock, new QueueTimes(options.BackoffInitial, options.BackoffMax, options.UnschedulableMax));
        var feed = new ClusterFeed(informers, cache, _queue, options.SchedulerName);
        var spread = new SpreadSelectors(informers);
        var writes = new PodWrites(client, clock);
        var snapshot = new ClusterSnapshot { NamespaceLabelsSource = feed.LabelsOf };
        _newTerm = () => new PodScheduler(
            new SchedulingAlgorithm(profile, random), profile, cache, snapshot, _queue, feed, spread, writes, memory, events, options, clock, logger);
    }

    /// <summary>How many pods wait where: active, backoff, unschedulable.</summary>
    public (int Active, int Backoff, int Unschedulable) Waiting => _queue.Counts;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _informers.Start(cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var leading = await _leadership.AcquireAsync(Work, cancellationToken);
                await _informers.WhenSyncedAsync(cancellationToken);
                using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, leading);
                using var scheduler = _newTerm();
                _logger.Started(_options.SchedulerName);
                await scheduler.RunAsync(term.Token);
            }
            catch (OperationCanceledException)
            {
                // The term ended, or the process does.
                _logger.Stopped();
            }
#pragma warning disable CA1031 // Whatever happened, pods must be scheduled.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _logger.TermFailed(exception);
                await Task.Delay(RetryAfter, _clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _queue.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);
}
