using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <content>Stopping: endpoints first, hooks, the signal, the grace period, the end; then all that is left goes.</content>
internal sealed partial class PodWorker
{
    /// <summary>Grace left for the signal however long a hook took. 2 s, upstream's minimum.</summary>
    private static readonly TimeSpan s_graceMin = TimeSpan.FromSeconds(2);

    /// <summary>Grace of a pod that says none. 30 s, the API's default.</summary>
    private const long DefaultGraceSeconds = 30;

    /// <summary>Longest run of a postStart hook. 5 min: it has no limit of its own.</summary>
    private static readonly TimeSpan HookTimeout = TimeSpan.FromMinutes(5);

    private static TimeSpan GraceOf(Pod pod, long? own) => TimeSpan.FromSeconds(Math.Max(
        own ?? (pod.Metadata.DeletionTimestamp is not null ? pod.Metadata.DeletionGracePeriodSeconds : null) ?? pod.Spec.TerminationGracePeriodSeconds ?? DefaultGraceSeconds, 0));

    private async Task TerminateAsync(CancellationToken cancellationToken)
    {
        var pod = Pod;
        using var activity = AgentTracing.Start("sync pod", pod, _services.Options.NodeName);
        var observed = await ObserveAsync(cancellationToken);
        var running = observed.Containers.Where(one => one.Running).ToList();
        if (running.Count > 0 && !_gone)
        {
            await _services.Drain.WaitAsync(pod, cancellationToken);
        }

        // Probes go on until the end upstream too, but nobody restarts what is to stop.
        await StopAsync(pod, observed, [.. running.Select(one => PodPlanner.Stopping(pod, one))], cancellationToken);
        Dispose();
        observed = await ObserveAsync(cancellationToken);
        if (!_gone)
        {
            Report(Known(), observed, PodPlanner.Terminal(pod, observed) with { Stop = [] });
            await _services.Statuses.FlushAsync(Uid, cancellationToken);
        }

        await Task.WhenAll(observed.Containers.Concat(observed.Sandboxes).Select(one => RemoveAsync(pod, one, cancellationToken)));
        if (_services.Network.Pool.IsCompletedSuccessfully)
        {
            (await _services.Network.Pool).Release(Uid);
        }

        _services.Volumes.Remove(Uid);
        _services.Tokens.Forget(Uid);
        _services.Images.Forget(Uid);
        await DeleteAsync(pod, cancellationToken);
        _services.Statuses.Forget(Uid);
        _services.Logger.PodGone(pod.Metadata.Namespace, pod.Metadata.Name);
    }

    private async Task RemoveAsync(Pod pod, ObservedContainer one, CancellationToken cancellationToken)
    {
        if (await _services.Runtime.RemoveAsync(one.Id, cancellationToken) is { } error)
        {
            _services.Logger.RuntimeRefused("remove", one.Name, pod.Metadata.Namespace, pod.Metadata.Name, error.Message);
            throw new ContainerRuntime.ContainerRuntimeException(error); // The pass is tried again: nothing may be left behind.
        }
    }

    // The API server keeps a pod that is being deleted until its node says that nothing of it is left.
    private async Task DeleteAsync(Pod pod, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { Uid = Uid } };
        for (var delay = StatusWriter.RetryInitial; !_gone; delay = delay * 2 < StatusWriter.RetryMax ? delay * 2 : StatusWriter.RetryMax)
        {
            string problem;
            try
            {
                var error = await _services.Client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, options, cancellationToken);
                if (error is null or { Reason: ApiErrorReason.NotFound or ApiErrorReason.Conflict })
                {
                    return; // A conflict: another pod has the name now.
                }

                problem = error.Message;
            }
            catch (HttpRequestException exception)
            {
                problem = exception.Message;
            }

            _services.Logger.StatusNotWritten(pod.Metadata.Namespace, pod.Metadata.Name, problem);
            await Task.Delay(delay, _services.Clock, cancellationToken);
        }
    }

    /// <summary>Stops containers side by side, sidecars after the others in reverse order.</summary>
    private async Task StopAsync(Pod pod, ObservedPod observed, IReadOnlyList<ContainerStop> stops, CancellationToken cancellationToken)
    {
        var sidecars = (pod.Spec.InitContainers ?? []).Where(PodPlanner.IsSidecar).Select(one => one.Name).ToList();
        var address = AddressOf(observed);
        var longest = stops.Count == 0 ? TimeSpan.Zero : stops.Max(stop => GraceOf(pod, stop.GraceSeconds));
        var deadline = Now + longest;
        await Task.WhenAll(stops.Where(stop => !sidecars.Contains(stop.Observed.Name)).Select(stop => StopAsync(pod, stop, address, GraceOf(pod, stop.GraceSeconds), cancellationToken)));
        foreach (var stop in stops.Where(stop => sidecars.Contains(stop.Observed.Name)).OrderByDescending(stop => sidecars.IndexOf(stop.Observed.Name)))
        {
            var left = deadline - Now;
            await StopAsync(pod, stop, address, left > s_graceMin ? left : s_graceMin, cancellationToken);
        }
    }

    private async Task StopAsync(Pod pod, ContainerStop stop, string podIP, TimeSpan grace, CancellationToken cancellationToken)
    {
        var one = stop.Observed;
        _services.Logger.ContainerStopping(one.Name, pod.Metadata.Namespace, pod.Metadata.Name, stop.Message);
        if (stop.Spec is { } container)
        {
            _services.Events.Record(AgentEvents.About(pod, container), EventTypes.Normal, "Killing", stop.Message);
        }

        if (_probes.TryGetValue(one.Id, out var probes) && probes.View.Failed is not null)
        {
            _mustRestart.Add(one.Id);
        }

        var until = Now + grace;
        if (stop.Spec?.Lifecycle?.PreStop is { } hook && grace > TimeSpan.Zero)
        {
            var ran = _services.Prober.RunHookAsync(hook, stop.Spec, podIP, one.Id, grace, cancellationToken);
            if (await Task.WhenAny(ran, _hurry.Task) == ran && await ran is { } problem)
            {
                _services.Events.Record(AgentEvents.About(pod, stop.Spec), EventTypes.Warning, "FailedPreStopHook", $"PreStopHook failed: {problem}");
            }

            grace = until - Now > s_graceMin ? until - Now : s_graceMin;
        }

        var stopping = _services.Runtime.StopAsync(one.Id, grace, cancellationToken);
        if (await Task.WhenAny(stopping, _hurry.Task) != stopping)
        {
            // Whoever asked no longer wants to wait as long: the new grace counts from now.
            var left = GraceOf(Pod, null);
            await Task.WhenAny(stopping, Task.Delay(_gone ? TimeSpan.Zero : left, _services.Clock, cancellationToken));
            await _services.Runtime.KillAsync(one.Id, "SIGKILL", cancellationToken);
        }

        var error = await stopping;
        AgentInstruments.OnOperation("stop_container", error);
        if (error is not null)
        {
            _services.Logger.RuntimeRefused("stop", one.Name, pod.Metadata.Namespace, pod.Metadata.Name, error.Message);
            throw new ContainerRuntime.ContainerRuntimeException(error);
        }
    }

    // A pod that has ended needs no address: its containers stay for their logs, its sandboxes go.
    private async Task<bool> RemoveSandboxesAsync(ObservedPod observed, CancellationToken cancellationToken)
    {
        foreach (var sandbox in observed.Sandboxes)
        {
            await RemoveAsync(Pod, sandbox, cancellationToken);
        }

        if (_services.Network.Pool.IsCompletedSuccessfully)
        {
            (await _services.Network.Pool).Release(Uid);
        }

        return observed.Sandboxes.Count > 0;
    }
}
