using System.Collections.Concurrent;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>One worker for every pod of this node; brings them what they must know: changes of Pods and events of the runtime.</summary>
internal sealed class PodManager : BackgroundService
{
    /// <summary>Wait before events are listened to again. 1 s.</summary>
    private static readonly TimeSpan s_reconnect = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Running> _workers = new();
    private readonly PodServices _services;
    private readonly IInformerFactory _informers;
    private readonly IInformer<Pod> _pods;
    private readonly NodeAgentOptions _options;
    private readonly ILogger<PodManager> _logger;
    private readonly Lock _gate = new();
    private CancellationToken _stopping;
    private bool _open;

    public PodManager(PodServices services, IInformerFactory informers, IOptions<NodeAgentOptions> options, ILogger<PodManager> logger)
    {
        (_services, _informers, _options, _logger) = (services, informers, options.Value, logger);
        _pods = informers.For<Pod>(Pod.ResourceType, $"spec.nodeName={_options.NodeName}");
        _pods.AddHandler(OnChange);
    }

    private Dictionary<string, string> NodeLabels => PodLabels.Mine(_options);

    /// <summary>The worker's view of a pod, by name; null for none.</summary>
    public Pod? Find(string ns, string name) => _pods.Find(new ObjectKey(ns, name));

    /// <summary>All pods of this node.</summary>
    public IReadOnlyList<Pod> List() => [.. _pods.List()];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stopping = stoppingToken;
        try
        {
            var events = WatchEventsAsync(stoppingToken);
            _informers.Start(stoppingToken);
            await _pods.Synced.WaitAsync(stoppingToken);
            Open();
            await RemoveOrphansAsync(stoppingToken);
            await events;
        }
        catch (OperationCanceledException)
        {
            // The agent ends; the containers go on.
        }

        await Task.WhenAll(_workers.Values.Select(one => one.Task));
        if (_options.RemovePodsOnExit)
        {
            await NodeCleanup.RunAsync(_services.Runtime, _options, network: false, _logger, CancellationToken.None);
        }
    }

    private void Open()
    {
        lock (_gate)
        {
            _open = true;
            foreach (var pod in _pods.List())
            {
                Apply(pod);
            }
        }
    }

    private void OnChange(Pod? before, Pod? after)
    {
        lock (_gate)
        {
            if (!_open)
            {
                return; // All are taken up at once when the first list is complete.
            }

            if (before is not null && before.Metadata.Uid != after?.Metadata.Uid && _workers.TryGetValue(before.Metadata.Uid!, out var gone))
            {
                gone.Worker.Gone();
            }

            if (after is not null)
            {
                Apply(after);
            }
        }
    }

    private void Apply(Pod pod)
    {
        if (_workers.TryGetValue(pod.Metadata.Uid!, out var known))
        {
            known.Worker.Update(pod);
            return;
        }

        Start(new PodWorker(_services, pod));
    }

    private void Start(PodWorker worker)
    {
        var uid = worker.Pod.Metadata.Uid!;
        _workers[uid] = new Running(worker, Task.Run(
            async () =>
            {
                await worker.RunAsync(_stopping);
                worker.Dispose();
                _workers.TryRemove(uid, out _);
            },
            CancellationToken.None));
    }

    private async Task WatchEventsAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await foreach (var one in _services.Runtime.WatchEventsAsync(NodeLabels, WakeAll, cancellationToken))
            {
                // Creating and starting is the agent's own doing; ends are what it must hear of.
                if (one.Action is "die" or "oom" or "destroy" && one.Labels.GetValueOrDefault(PodLabels.PodUid) is { } uid && _workers.TryGetValue(uid, out var running))
                {
                    running.Worker.Wake();
                }
            }

            _logger.EventsEnded();
            await Task.Delay(s_reconnect, _services.Clock, cancellationToken);
        }
    }

    // What happened while nobody listened is seen by looking.
    private void WakeAll()
    {
        _logger.EventsConnected();
        foreach (var running in _workers.Values)
        {
            running.Worker.Wake();
        }
    }

    // Containers of pods that were deleted while the agent was away, and directories of such pods.
    private async Task RemoveOrphansAsync(CancellationToken cancellationToken)
    {
        RuntimeResult<IReadOnlyList<ContainerInfo>> found;
        while (!(found = await _services.Runtime.ListAsync(NodeLabels, cancellationToken)).Succeeded)
        {
            _logger.RuntimeUnavailable(found.Error.Message);
            await Task.Delay(s_reconnect, _services.Clock, cancellationToken);
        }

        var stored = _pods.List().Select(pod => pod.Metadata.Uid).ToHashSet();
        var groups = found.Value.GroupBy(one => one.Labels.GetValueOrDefault(PodLabels.PodUid, "")).Where(group => group.Key.Length > 0).ToList();
        _logger.Adopted(groups.Where(group => stored.Contains(group.Key)).Sum(group => group.Count(one => one.State == ContainerRuntime.ContainerState.Running)), groups.Count(group => stored.Contains(group.Key)));
        foreach (var group in groups.Where(group => !stored.Contains(group.Key)))
        {
            var pod = OrphanOf(group.Key, [.. group]);
            _logger.OrphanFound(pod.Metadata.Namespace!, pod.Metadata.Name!, group.Key);
            lock (_gate)
            {
                if (!_workers.ContainsKey(group.Key))
                {
                    var worker = new PodWorker(_services, pod);
                    worker.Gone();
                    Start(worker);
                }
            }
        }

        foreach (var uid in _services.Volumes.Known().Where(uid => !stored.Contains(uid) && !_workers.ContainsKey(uid)).ToList())
        {
            _services.Volumes.Remove(uid);
        }
    }

    private static Pod OrphanOf(string uid, IReadOnlyList<ContainerInfo> containers)
    {
        var labels = containers[0].Labels;
        var grace = containers.Select(one => one.Labels.GetValueOrDefault(PodLabels.GracePeriod)).FirstOrDefault(text => text is not null);
        return new Pod
        {
            Metadata = new ObjectMeta { Name = labels.GetValueOrDefault(PodLabels.PodName, ""), Namespace = labels.GetValueOrDefault(PodLabels.PodNamespace, ""), Uid = uid },
            Spec = new PodSpec { TerminationGracePeriodSeconds = long.TryParse(grace, out var seconds) ? seconds : null },
        };
    }

    private sealed record Running(PodWorker Worker, Task Task);
}
