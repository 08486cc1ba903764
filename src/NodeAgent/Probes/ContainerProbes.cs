using KubeAspire.Client.Events;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Probes;

/// <summary>The probes of one running container: each looks at its own pace and tells when its verdict changes.</summary>
internal sealed class ContainerProbes : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Container _container;
    private readonly Func<Pod> _pod;
    private readonly string _podIP;
    private readonly string _containerId;
    private readonly Prober _prober;
    private readonly IEventRecorder _events;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Action _changed;
    private readonly Dictionary<ProbeKind, ProbeState> _states = [];
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="pod">The pod as it is now, for Events.</param>
    /// <param name="container">The container's spec.</param>
    /// <param name="observed">The container.</param>
    /// <param name="podIP">Where HTTP and TCP probes go.</param>
    /// <param name="prober">Looks.</param>
    /// <param name="events">Where failures are told.</param>
    /// <param name="clock">Paces the looks.</param>
    /// <param name="logger">Failures again.</param>
    /// <param name="adopted">Whether the container ran before this agent did: then it counts as started and ready until a probe says otherwise.</param>
    /// <param name="changed">Called when a verdict changed.</param>
    public ContainerProbes(
        Func<Pod> pod, Container container, ObservedContainer observed, string podIP, Prober prober, IEventRecorder events, TimeProvider clock, ILogger logger, bool adopted, Action changed)
    {
        (_pod, _container, _podIP, _containerId) = (pod, container, podIP, observed.Id);
        (_prober, _events, _clock, _logger, _changed) = (prober, events, clock, logger, changed);
        Adopted = adopted;
        var begun = observed.Info.StartedAt ?? clock.GetUtcNow();
        (ProbeKind Kind, Probe? Probe)[] all = [(ProbeKind.Startup, container.StartupProbe), (ProbeKind.Liveness, container.LivenessProbe), (ProbeKind.Readiness, container.ReadinessProbe)];
        foreach (var (kind, probe) in all.Where(one => one.Probe is not null))
        {
            _states[kind] = new ProbeState(kind, probe!);
        }

        if (container.StartupProbe is null)
        {
            _started.SetResult();
        }

        // Only now: the probes read the states.
        foreach (var (kind, probe) in all.Where(one => one.Probe is not null))
        {
            _ = RunAsync(kind, probe!, begun, _stop.Token);
        }
    }

    private bool Adopted { get; }

    /// <summary>What the probes say now.</summary>
    public ProbeView View
    {
        get
        {
            lock (_states)
            {
                bool? Verdict(ProbeKind kind) => _states.TryGetValue(kind, out var state) ? state.Verdict : true;
                return new ProbeView(
                    Verdict(ProbeKind.Startup) ?? Adopted,
                    Verdict(ProbeKind.Readiness) ?? Adopted,
                    Verdict(ProbeKind.Startup) == false ? "startup" : Verdict(ProbeKind.Liveness) == false ? "liveness" : null);
            }
        }
    }

    /// <summary>Ends the probes.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(ProbeKind kind, Probe probe, DateTimeOffset begun, CancellationToken cancellationToken)
    {
        try
        {
            if (kind != ProbeKind.Startup)
            {
                await _started.Task.WaitAsync(cancellationToken);
            }

            var first = begun + ProbeState.InitialDelay(probe) - _clock.GetUtcNow();
            if (first > TimeSpan.Zero)
            {
                await Task.Delay(first, _clock, cancellationToken);
            }

            using var timer = new PeriodicTimer(ProbeState.Period(probe), _clock);
            do
            {
                var outcome = await _prober.ProbeAsync(probe, _container, _podIP, _containerId, cancellationToken);
                if (Take(kind, outcome))
                {
                    return;
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The container ended, or the agent does.
        }
    }

    // True when there is nothing more to ask.
    private bool Take(ProbeKind kind, ProbeOutcome outcome)
    {
        if (!outcome.Succeeded)
        {
            _events.Record(AgentEvents.About(_pod(), _container), EventTypes.Warning, "Unhealthy", $"{kind} probe failed: {outcome.Output}");
            _logger.ProbeFailed(kind.ToString(), _container.Name, _pod().Metadata.Namespace, _pod().Metadata.Name, outcome.Output);
        }

        bool changed, done;
        lock (_states)
        {
            changed = _states[kind].Add(outcome.Succeeded);
            done = _states[kind].Done;
        }

        if (kind == ProbeKind.Startup && changed && outcome.Succeeded)
        {
            _started.TrySetResult();
        }

        if (changed)
        {
            _changed();
        }

        return done;
    }
}
