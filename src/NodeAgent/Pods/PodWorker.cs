using System.Threading.Channels;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Probes;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.NodeAgent.Volumes;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>
/// Brings one pod to what it should be: looks, lets <see cref="PodPlanner"/> decide, acts. One pass at a time; woken by changes of
/// the Pod, of its containers and of its probes, and by back-offs that end.
/// </summary>
internal sealed partial class PodWorker : IDisposable
{
    /// <summary>Most steps (stop, then start) of one pass before it looks for other changes.</summary>
    private const int StepsMax = 4;

    /// <summary>Wait after a pass that failed. 1 s, doubling to 30 s.</summary>
    private static readonly TimeSpan s_retryInitial = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait after a pass that failed. 30 s.</summary>
    private static readonly TimeSpan s_retryMax = TimeSpan.FromSeconds(30);

    private readonly PodServices _services;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<string, ContainerProbes> _probes = [];
    private readonly Dictionary<string, WaitingReason> _waiting = [];
    private readonly Dictionary<string, DateTimeOffset> _retryAt = [];
    private readonly HashSet<string> _mustRestart = [];
    private readonly HashSet<string> _startedHere = [];
    private readonly DateTimeOffset _seenAt;
    private readonly Lock _gate = new();
    private Pod _pod;
    private PodStatus? _status;
    private (string Phase, string Reason, string Message)? _forced;
    private CancellationTokenSource? _pass;
    private TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _gone;
    private bool _admitted;
    private bool _wasReady;
    private bool _counted;
    private DateTimeOffset? _refreshVolumesAt;

    public PodWorker(PodServices services, Pod pod)
    {
        (_services, _pod) = (services, pod);
        _seenAt = services.Clock.GetUtcNow();
    }

    /// <summary>The pod as last seen.</summary>
    public Pod Pod => Volatile.Read(ref _pod);

    private string Uid => _pod.Metadata.Uid!;

    private DateTimeOffset Now => _services.Clock.GetUtcNow();

    /// <summary>Takes a newer version of the pod.</summary>
    public void Update(Pod pod)
    {
        lock (_gate)
        {
            var before = _pod;
            _pod = pod;
            if (pod.Metadata.DeletionTimestamp is not null && before.Metadata.DeletionTimestamp is null)
            {
                _pass?.Cancel(); // What the pass builds is not wanted any more.
            }
            else if (pod.Metadata.DeletionGracePeriodSeconds < before.Metadata.DeletionGracePeriodSeconds)
            {
                _hurry.TrySetResult();
            }
        }

        Wake();
    }

    /// <summary>The Pod is no longer stored.</summary>
    public void Gone()
    {
        lock (_gate)
        {
            if (_pod.Metadata.DeletionTimestamp is null)
            {
                _pass?.Cancel();
            }

            _gone = true;
            _hurry.TrySetResult();
        }

        Wake();
    }

    /// <summary>Something about the pod changed.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Works until the pod is gone or the agent ends; in the latter case the containers go on.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var retry = s_retryInitial;
        while (!cancellationToken.IsCancellationRequested)
        {
            DateTimeOffset? wakeAt;
            try
            {
                var (done, next) = await PassAsync(cancellationToken);
                if (done)
                {
                    return;
                }

                (wakeAt, retry) = (next, s_retryInitial);
            }
            catch (OperationCanceledException)
            {
                continue; // The agent ends, or the pod is to go.
            }
#pragma warning disable CA1031 // A pass that fails for any reason is tried again: a pod must not be forgotten.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _services.Logger.SyncFailed(exception, _pod.Metadata.Namespace, _pod.Metadata.Name);
                wakeAt = Now + retry;
                retry = retry * 2 < s_retryMax ? retry * 2 : s_retryMax;
            }

            await WaitAsync(wakeAt, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var probes in _probes.Values)
        {
            probes.Dispose();
        }

        _probes.Clear();
        if (_counted)
        {
            _counted = false;
            AgentInstruments.OnRunningPods(-1);
        }
    }

    private async Task WaitAsync(DateTimeOffset? wakeAt, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (wakeAt is { } at)
        {
            var delay = at - Now;
            using var timer = new CancellationTokenSource(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, _services.Clock);
            using var link = timer.Token.Register(limit.Cancel);
            await ReadWakeAsync(limit.Token);
            return;
        }

        await ReadWakeAsync(limit.Token);
    }

    private async Task ReadWakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _wake.Reader.ReadAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Time to look again.
        }
    }

    private async Task<(bool Done, DateTimeOffset? WakeAt)> PassAsync(CancellationToken cancellationToken)
    {
        var started = _services.Clock.GetTimestamp();
        using var pass = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bool stopping;
        lock (_gate)
        {
            stopping = _gone || _pod.Metadata.DeletionTimestamp is not null;
            _pass = stopping ? null : pass; // A stop is not cut short by what asked for it.
        }

        try
        {
            if (stopping)
            {
                await TerminateAsync(cancellationToken);
                return (true, null);
            }

            return (false, await SyncAsync(pass.Token));
        }
        finally
        {
            lock (_gate)
            {
                _pass = null;
            }

            AgentInstruments.OnSync(_services.Clock.GetElapsedTime(started), stopping ? "terminate" : "sync");
        }
    }

    private async Task<DateTimeOffset?> SyncAsync(CancellationToken cancellationToken)
    {
        for (var step = 0; ; step++)
        {
            var pod = Known();
            var observed = await ObserveAsync(cancellationToken);
            await AdmitAsync(pod, observed, cancellationToken);
            if (Deadline(pod) is { } deadline && Now >= deadline)
            {
                _forced = ("Failed", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
            }

            WatchProbes(pod, observed);
            var plan = _forced is null ? PodPlanner.Plan(pod, observed, ViewOf, Now) : PodPlanner.Terminal(pod, observed);
            if (step == 0 && plan.Start.Count == 0 && plan.Stop.Count == 0)
            {
                await RefreshVolumesAsync(pod, observed, cancellationToken);
            }

            var acted = await ActAsync(pod, observed, plan, step, cancellationToken);
            if (!acted || step + 1 >= StepsMax)
            {
                Report(pod, observed, plan);
                await CollectGarbageAsync(pod, plan, cancellationToken);
                return acted ? Now : Earliest(plan.WakeAt, Deadline(pod), RetryOf(plan), _refreshVolumesAt);
            }
        }
    }

    // True when something was done, so that another look is due.
    private async Task<bool> ActAsync(Pod pod, ObservedPod observed, PodPlan plan, int step, CancellationToken cancellationToken)
    {
        if (plan.Stop.Count > 0)
        {
            Report(pod, observed, plan);
            await StopAsync(pod, observed, plan.Stop, cancellationToken);
            return true;
        }

        if (plan.Terminal)
        {
            Report(pod, observed, plan); // Before its sandbox goes: the status says for good that the pod has ended.
            return await RemoveSandboxesAsync(observed, cancellationToken);
        }

        var due = plan.Start.Where(start => !_retryAt.TryGetValue(start.Spec.Name, out var at) || Now >= at).ToList();
        if (due.Count == 0 && plan.SandboxToStart is null)
        {
            return false;
        }

        if (step == 0 && !observed.Any)
        {
            Report(pod, observed, plan); // The Pod says at once that it was taken up.
        }

        return await StartAsync(pod, observed, plan with { Start = due }, cancellationToken);
    }

    // Only what the plan still wants: the rest is settled, or waits for something else.
    private DateTimeOffset? RetryOf(PodPlan plan)
    {
        DateTimeOffset? earliest = null;
        foreach (var start in plan.Start)
        {
            earliest = _retryAt.TryGetValue(start.Spec.Name, out var at) ? Earliest(earliest, at) : earliest;
        }

        return earliest;
    }

    /// <summary>The pod, with the status that this worker gave it and the conditions of others.</summary>
    private Pod Known()
    {
        var pod = Pod;
        if (_status is null)
        {
            return pod;
        }

        string[] own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];
        return pod with
        {
            Status = _status with
            {
                QosClass = pod.Status.QosClass ?? _status.QosClass,
                Conditions =
                [
                    .. (_status.Conditions ?? []).Where(one => own.Contains(one.Type)),
                    .. (pod.Status.Conditions ?? []).Where(one => !own.Contains(one.Type)),
                ],
            },
        };
    }

    private async Task<ObservedPod> ObserveAsync(CancellationToken cancellationToken)
    {
        var found = await _services.Runtime.ListAsync(PodLabels.Mine(_services.Options, (PodLabels.PodUid, Uid)), cancellationToken);
        return found.Succeeded ? ObservedPod.From(found.Value, _mustRestart) : throw new ContainerRuntimeException(found.Error);
    }

    private async Task AdmitAsync(Pod pod, ObservedPod observed, CancellationToken cancellationToken)
    {
        if (_admitted)
        {
            return;
        }

        var asked = !observed.Any && pod.Status.Phase is not ("Succeeded" or "Failed");
        if (asked && PodAdmission.Refuse(pod, _services.Facts.Node) is not null && await RefuseAsync(pod, cancellationToken) is { } refused)
        {
            _forced = ("Failed", refused.Reason, refused.Message);
            _services.Events.Record(Client.Events.EventRecorderExtensions.ReferenceTo(pod), "Warning", refused.Reason, refused.Message);
        }

        _admitted = true;
    }

    // A refusal is for good, and the Node as last read is older than what the scheduler saw: a label may have come since.
    private async Task<(string Reason, string Message)?> RefuseAsync(Pod pod, CancellationToken cancellationToken)
    {
        var node = await _services.Client.GetAsync<Node>(Node.ResourceType, null, _services.Options.NodeName, cancellationToken);
        return node.Succeeded ? PodAdmission.Refuse(pod, node.Value) : throw new InvalidOperationException($"cannot read the node to admit the pod: {node.Error.Message}");
    }

    private static DateTimeOffset? Deadline(Pod pod) =>
        pod.Spec.ActiveDeadlineSeconds is { } seconds && pod.Status.StartTime is { } start && pod.Status.Phase is not ("Succeeded" or "Failed") ? start.AddSeconds(seconds) : null;

    private ProbeView ViewOf(ObservedContainer one) => _probes.TryGetValue(one.Id, out var probes) ? probes.View : ProbeView.Healthy;

    private void WatchProbes(Pod pod, ObservedPod observed)
    {
        var running = observed.Containers.Where(one => one.Running).ToDictionary(one => one.Id);
        foreach (var ended in _probes.Keys.Where(id => !running.ContainsKey(id)).ToList())
        {
            _probes[ended].Dispose();
            _probes.Remove(ended);
        }

        foreach (var one in running.Values.Where(one => !_probes.ContainsKey(one.Id)))
        {
            if (PodPlanner.SpecOf(pod, one.Name) is { } spec && (spec.LivenessProbe ?? spec.ReadinessProbe ?? spec.StartupProbe) is not null)
            {
                // What was ready before an agent's restart stays so until a probe says otherwise.
                var adopted = !_startedHere.Contains(one.Id)
                    && pod.Status.ContainerStatuses?.Any(status => status.ContainerID == $"docker://{one.Id}" && status.Ready) == true;
                _probes[one.Id] = new ContainerProbes(() => Pod, spec, one, AddressOf(observed), _services.Prober, _services.Events, _services.Clock, _services.Logger, adopted, Wake);
            }
        }
    }

    private string AddressOf(ObservedPod observed) =>
        Pod.Spec.HostNetwork == true ? _services.Facts.Address : observed.Sandbox?.Info.Labels.GetValueOrDefault(PodLabels.PodIP) ?? "";

    private FieldPaths.Surroundings Around(string podIP) => new(podIP, _services.Facts.Address, _services.Options.NodeName, _services.Facts.Allocatable);

    private async Task RefreshVolumesAsync(Pod pod, ObservedPod observed, CancellationToken cancellationToken)
    {
        if (!PodVolumes.AreLive(pod) || observed.Sandbox is not { Running: true })
        {
            _refreshVolumesAt = null;
            return;
        }

        if (_refreshVolumesAt is { } at && Now >= at)
        {
            try
            {
                await _services.Volumes.PrepareAsync(pod, Around(AddressOf(observed)), cancellationToken);
            }
            catch (ReferenceException)
            {
                // What is mounted stays as it is; a container that starts next will say what is missing.
            }

            _refreshVolumesAt = null;
        }

        _refreshVolumesAt ??= Now + _services.Options.VolumeRefreshInterval;
    }

    private void Report(Pod pod, ObservedPod observed, PodPlan plan)
    {
        var address = AddressOf(observed);
        var status = PodStatusBuilder.Build(new PodStatusInput
        {
            Pod = pod,
            Observed = observed,
            BackedOff = plan.BackedOff,
            Waiting = _waiting,
            Probe = ViewOf,
            TerminationMessage = one => PodVolumes.ReadTerminationLog(one.Info.Labels.GetValueOrDefault(PodLabels.TerminationLog)),
            PodIP = observed.Sandbox is { Running: true } && address.Length > 0 ? address : null,
            HostIP = _services.Facts.Address,
            Terminal = plan.Terminal && plan.Stop.Count == 0,
            Forced = _forced,
            Now = Now,
        });
        _status = status;
        _services.Statuses.Set(Pod, status, CancellationToken.None);
        TellBackoffs(pod, plan);
        TellReady(pod, status);
    }

    private void TellBackoffs(Pod pod, PodPlan plan)
    {
        foreach (var name in plan.BackedOff.Keys)
        {
            if (PodPlanner.SpecOf(pod, name) is { } spec)
            {
                _services.Events.Record(
                    AgentEvents.About(pod, spec), "Warning", "BackOff",
                    $"Back-off restarting failed container {name} in pod {pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.Uid})");
            }
        }
    }

    private void TellReady(Pod pod, PodStatus status)
    {
        var ready = status.Conditions?.Any(one => one is { Type: "Ready", Status: "True" }) == true;
        if (ready && !_wasReady && _startedHere.Count > 0)
        {
            _wasReady = true;
            using var activity = AgentTracing.Source.StartActivity(
                "pod ready", System.Diagnostics.ActivityKind.Internal, ApiMachinery.Meta.Tracing.ContextOf(pod), startTime: _seenAt);
            AgentTracing.Describe(activity, pod, _services.Options.NodeName);
            AgentInstruments.OnPodStarted(Now - _seenAt);
        }
    }

    private async Task CollectGarbageAsync(Pod pod, PodPlan plan, CancellationToken cancellationToken)
    {
        foreach (var one in plan.Remove)
        {
            if (await _services.Runtime.RemoveAsync(one.Id, cancellationToken) is { } error)
            {
                _services.Logger.RuntimeRefused("remove", one.Name, pod.Metadata.Namespace, pod.Metadata.Name, error.Message);
            }

            _mustRestart.Remove(one.Id);
            _startedHere.Remove(one.Id);
        }
    }

    private static DateTimeOffset? Earliest(params ReadOnlySpan<DateTimeOffset?> times)
    {
        DateTimeOffset? earliest = null;
        foreach (var time in times)
        {
            earliest = time is { } at && (earliest is null || at < earliest) ? at : earliest;
        }

        return earliest;
    }
}
