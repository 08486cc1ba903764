using System.Diagnostics;
using KubeAspire.Client.Events;
using KubeAspire.ContainerRuntime;
using KubeAspire.ContainerRuntime.Pause;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Images;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <content>Starting: what can run side by side does, because it is what users wait for.</content>
internal sealed partial class PodWorker
{
    /// <summary>Wait before a container that could not be configured is tried again. 10 s, upstream's sync back-off.</summary>
    private static readonly TimeSpan s_startRetry = TimeSpan.FromSeconds(10);

    /// <summary>Addresses tried where the runtime says that one is in use.</summary>
    private const int AddressAttemptsMax = 3;

    private async Task<bool> StartAsync(Pod pod, ObservedPod observed, PodPlan plan, CancellationToken cancellationToken)
    {
        using var activity = AgentTracing.Start("sync pod", pod, _services.Options.NodeName);
        if (!_counted)
        {
            _counted = true;
            AgentInstruments.OnRunningPods(1);
        }

        // Images are looked for while the sandbox is made; Services must be known before variables are computed.
        var images = plan.Start.ToDictionary(
            start => start.Spec.Name,
            start => start.Existing is null ? _services.Images.EnsureAsync(pod, start.Spec, cancellationToken) : Task.FromResult(new ImageAnswer(null, null, null)));
        try
        {
            var sandbox = await EnsureSandboxAsync(pod, observed, plan, cancellationToken);
            if (sandbox is null)
            {
                return false;
            }

            var volumes = PrepareVolumesAsync(pod, sandbox.Address, cancellationToken);
            var made = plan.Start.Select(start => MakeAsync(pod, observed, start, sandbox, images[start.Spec.Name], volumes, cancellationToken)).ToList();
            if (await sandbox.Started is { } error)
            {
                foreach (var id in (await Task.WhenAll(made)).OfType<string>().Append(sandbox.Name))
                {
                    await _services.Runtime.RemoveAsync(id, CancellationToken.None);
                }

                SandboxFailed(pod, error);
                return false;
            }

            var any = plan.SandboxToStart is not null || plan.NewSandbox is not null;
            for (var i = 0; i < made.Count; i++)
            {
                if (await made[i] is { } id)
                {
                    any |= await RunAsync(pod, plan.Start[i], id, sandbox.Address, cancellationToken);
                }
            }

            return any;
        }
        finally
        {
            await Task.WhenAll(images.Values).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>A sandbox that is there, and perhaps still starting.</summary>
    private sealed record SandboxHandle(string Name, int Attempt, string Address, Task<RuntimeError?> Started);

    private async Task<SandboxHandle?> EnsureSandboxAsync(Pod pod, ObservedPod observed, PodPlan plan, CancellationToken cancellationToken)
    {
        if (plan.NewSandbox is not { } attempt)
        {
            var current = observed.Sandbox!;
            var address = AddressOf(observed);
            return new SandboxHandle(current.Info.Name, current.Attempt, address, plan.SandboxToStart is null ? Task.FromResult<RuntimeError?>(null) : StartSandboxAsync(current.Id));
        }

        foreach (var old in observed.Sandboxes.Concat(observed.Containers.Where(one => one.Created)))
        {
            await _services.Runtime.RemoveAsync(old.Id, cancellationToken); // Its address is free only once it is gone.
        }

        var host = pod.Spec.HostNetwork == true;
        var pool = host ? null : await _services.Network.Pool.WaitAsync(cancellationToken);
        pool?.Release(Uid);
        RuntimeError? error = null;
        for (var tries = 0; tries < AddressAttemptsMax; tries++)
        {
            var address = host ? _services.Facts.Address : pool!.Take(Uid);
            if (address is null)
            {
                error = new RuntimeError(RuntimeErrorKind.Internal, "no address of the node's podCIDR is free");
                break;
            }

            // The span ends when the sandbox is up, not when it is made; the first containers are made meanwhile.
            var activity = AgentTracing.Source.StartActivity("create sandbox");
            var spec = ContainerSpecs.Sandbox(pod, _services.Options, PauseProgram.Image, attempt, address, _services.Facts.OomScoreMin);
            var created = await _services.Runtime.CreateSandboxAsync(spec, cancellationToken);
            if (created is { Succeeded: false, Error.Kind: RuntimeErrorKind.Conflict })
            {
                created = await AdoptAsync(spec.Name, cancellationToken);
            }

            AgentInstruments.OnOperation("run_podsandbox", created.Error);
            if (created.Succeeded)
            {
                activity?.SetTag("container.id", created.Value);
                Activity.Current = activity?.Parent;
                return new SandboxHandle(spec.Name, attempt, address, StartSandboxAsync(created.Value, activity));
            }

            activity?.SetStatus(ActivityStatusCode.Error, created.Error.Message);
            activity?.Dispose();
            error = created.Error;
            if (!error.Message.Contains("Address already in use", StringComparison.OrdinalIgnoreCase))
            {
                break;
            }

            pool?.Release(Uid); // It goes to the end of the queue; the next one is tried.
        }

        pool?.Release(Uid);
        SandboxFailed(pod, error!);
        return null;
    }

    private async Task<RuntimeError?> StartSandboxAsync(string id, Activity? activity = null)
    {
        // Not to be cut short: a sandbox half started would hold its address for nobody.
        var error = await _services.Runtime.StartAsync(id, CancellationToken.None);
        activity?.SetStatus(error is null ? ActivityStatusCode.Ok : ActivityStatusCode.Error, error?.Message);
        activity?.Dispose();
        return error;
    }

    private void SandboxFailed(Pod pod, RuntimeError error)
    {
        _services.Logger.RuntimeRefused("make", "the sandbox", pod.Metadata.Namespace, pod.Metadata.Name, error.Message);
        _services.Events.Record(EventRecorderExtensions.ReferenceTo(pod), EventTypes.Warning, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {error.Message}");
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
        {
            _retryAt[container.Name] = Now + s_startRetry;
        }
    }

    // The name is taken: an answer of the runtime was lost, or an earlier agent was here.
    private async Task<RuntimeResult<string>> AdoptAsync(string name, CancellationToken cancellationToken)
    {
        var found = await _services.Runtime.InspectAsync(name, cancellationToken);
        return !found.Succeeded ? found.Error
            : PodLabels.Mine(_services.Options, (PodLabels.PodUid, Uid)).All(label => found.Value.Labels.GetValueOrDefault(label.Key) == label.Value) ? found.Value.Id
            : new RuntimeError(RuntimeErrorKind.Conflict, $"the name {name} is taken by a container that is not this node's");
    }

    // Null when all is there; otherwise the problem, told as upstream tells it.
    private async Task<string?> PrepareVolumesAsync(Pod pod, string podIP, CancellationToken cancellationToken)
    {
        try
        {
            await _services.Volumes.PrepareAsync(pod, Around(podIP), cancellationToken);
            return null;
        }
        catch (ReferenceException exception)
        {
            _services.Events.Record(EventRecorderExtensions.ReferenceTo(pod), EventTypes.Warning, "FailedMount", exception.Message);
            return exception.Message;
        }
    }

    // The id of a container that is ready to be started; null when it could not be made.
    private async Task<string?> MakeAsync(Pod pod, ObservedPod observed, ContainerStart start, SandboxHandle sandbox, Task<ImageAnswer> imageTask, Task<string?> volumes, CancellationToken cancellationToken)
    {
        if (start.Existing is { } existing)
        {
            return existing.Id;
        }

        var name = start.Spec.Name;
        if (await volumes is not null)
        {
            Refuse(pod, start.Spec, new WaitingReason("ContainerCreating", null), Now + TimeSpan.FromSeconds(2), quiet: true);
            return null;
        }

        var image = await imageTask;
        if (image.Image is null)
        {
            Refuse(pod, start.Spec, image.Refused!, image.RetryAt!.Value, quiet: true); // The image manager told it already.
            return null;
        }

        ContainerSpec spec;
        try
        {
            await _services.Services.Synced.WaitAsync(cancellationToken);
            var variables = await ContainerEnvironment.BuildAsync(pod, start.Spec, _services.Services.List(), Around(sandbox.Address), _services.Objects, cancellationToken);
            var log = _services.Volumes.CreateTerminationLog(Uid, name, start.Attempt);
            var mounts = _services.Volumes.MountsOf(pod, start.Spec, log, variables);
            var target = EphemeralContainers.TargetOf(pod, name) is { } other ? observed.Newest(other) : null;
            spec = ContainerSpecs.Container(
                pod, start, _services.Options, sandbox.Attempt, image.Image, variables, mounts, log, _services.Facts.MemoryBytes, _services.Facts.OomScoreMin, target is { Running: true } ? target.Id : null);
        }
        catch (ReferenceException exception)
        {
            Refuse(pod, start.Spec, new WaitingReason("CreateContainerConfigError", exception.Message), Now + s_startRetry);
            return null;
        }

        var created = await _services.Runtime.CreateContainerAsync(spec, cancellationToken);
        if (created is { Succeeded: false, Error.Kind: RuntimeErrorKind.Conflict })
        {
            created = await AdoptAsync(spec.Name, cancellationToken);
        }

        AgentInstruments.OnOperation("create_container", created.Error);
        if (!created.Succeeded)
        {
            Refuse(pod, start.Spec, new WaitingReason("CreateContainerError", created.Error.Message), Now + s_startRetry);
            return null;
        }

        return created.Value;
    }

    private async Task<bool> RunAsync(Pod pod, ContainerStart start, string id, string podIP, CancellationToken cancellationToken)
    {
        using var activity = AgentTracing.Source.StartActivity("start container");
        activity?.SetTag("container.id", id).SetTag("container.name", start.Spec.Name).SetTag("container.image.name", start.Spec.Image);
        var about = AgentEvents.About(pod, start.Spec);
        _services.Events.Record(about, EventTypes.Normal, "Created", "Container created");
        _startedHere.Add(id);
        var error = await _services.Runtime.StartAsync(id, cancellationToken);
        AgentInstruments.OnOperation("start_container", error);
        if (error is not null)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            Refuse(pod, start.Spec, new WaitingReason("RunContainerError", error.Message), Now);
            return true; // It is there, ended with the reason: the back-off of the next look applies.
        }

        _waiting.Remove(start.Spec.Name);
        _retryAt.Remove(start.Spec.Name);
        AgentInstruments.OnContainerStarted();
        _services.Events.Record(about, EventTypes.Normal, "Started", "Container started");
        _services.Logger.ContainerStarted(start.Spec.Name, pod.Metadata.Namespace, pod.Metadata.Name, start.Attempt);
        if (start.Spec.Lifecycle?.PostStart is { } hook && await _services.Prober.RunHookAsync(hook, start.Spec, podIP, id, HookTimeout, cancellationToken) is { } problem)
        {
            _services.Events.Record(about, EventTypes.Warning, "FailedPostStartHook", $"PostStartHook failed: {problem}");
            _mustRestart.Add(id);
            await _services.Runtime.StopAsync(id, GraceOf(pod, null), cancellationToken);
        }

        return true;
    }

    private void Refuse(Pod pod, Container container, WaitingReason reason, DateTimeOffset retryAt, bool quiet = false)
    {
        _waiting[container.Name] = reason;
        _retryAt[container.Name] = retryAt;
        if (!quiet)
        {
            _services.Logger.ContainerNotStarted(container.Name, pod.Metadata.Namespace, pod.Metadata.Name, reason.Reason, reason.Message);
            _services.Events.Record(AgentEvents.About(pod, container), EventTypes.Warning, "Failed", $"Error: {reason.Message}");
        }
    }
}
