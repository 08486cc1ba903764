using System.Collections.Concurrent;
using System.Diagnostics;
using KubeAspire.Client.Events;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Images;

/// <summary>An image to run, or why there is none and when to ask again.</summary>
internal sealed record ImageAnswer(ImageInfo? Image, WaitingReason? Refused, DateTimeOffset? RetryAt);

/// <summary>Makes sure that a container's image is on the machine, by its pull policy.</summary>
/// <remarks>Reasons, texts and figures as the kubelet's image manager.</remarks>
internal sealed class ImageManager(IContainerRuntime runtime, IReferencedObjects objects, IEventRecorder events, TimeProvider clock, ILogger<ImageManager> logger) : IDisposable
{
    /// <summary>Most pods whose failed pulls are remembered; past it the oldest half goes. 1000.</summary>
    private const int FailuresMax = 1000;

    /// <summary>Pulls at the same time. 3: more only share the line.</summary>
    private const int PullsMax = 3;

    private readonly ConcurrentDictionary<(string Uid, string Image), Failure> _failures = new();
    private readonly SemaphoreSlim _pulls = new(PullsMax);

    public void Dispose() => _pulls.Dispose();

    public async Task<ImageAnswer> EnsureAsync(Pod pod, Container container, CancellationToken cancellationToken)
    {
        var image = container.Image ?? "";
        if (!ImageNames.IsValid(image))
        {
            var text = $"Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format";
            Record(pod, container, EventTypes.Warning, "InspectFailed", text);
            Record(pod, container, EventTypes.Warning, "Failed", "Error: InvalidImageName");
            return new ImageAnswer(null, new WaitingReason("InvalidImageName", text), clock.GetUtcNow() + CrashLoopBackoff.Initial);
        }

        // The image's station in the pod's trace, also where the look at the machine is all that is needed.
        using var activity = AgentTracing.Source.StartActivity("pull image");
        activity?.SetTag("container.image.name", image);
        var policy = ImageNames.PolicyOf(image, container.ImagePullPolicy);
        if (policy != "Always")
        {
            var found = await runtime.InspectImageAsync(image, cancellationToken);
            if (found.Succeeded)
            {
                _failures.TryRemove((pod.Metadata.Uid!, image), out _);
                activity?.SetTag("kubeaspire.image.present", true);
                Record(pod, container, EventTypes.Normal, "Pulled", $"Container image \"{image}\" already present on machine and can be accessed by the pod");
                return new ImageAnswer(found.Value, null, null);
            }

            if (found.Error.Kind != RuntimeErrorKind.NotFound)
            {
                Record(pod, container, EventTypes.Warning, "InspectFailed", $"Failed to inspect image \"{image}\": {found.Error.Message}");
                return new ImageAnswer(null, new WaitingReason("ImageInspectError", $"Failed to inspect image \"{image}\": {found.Error.Message}"), clock.GetUtcNow() + CrashLoopBackoff.Initial);
            }

            if (policy == "Never")
            {
                var text = $"Container image \"{image}\" is not present with pull policy of Never";
                Record(pod, container, EventTypes.Warning, "ErrImageNeverPull", text);
                Record(pod, container, EventTypes.Warning, "Failed", "Error: ErrImageNeverPull");
                return new ImageAnswer(null, new WaitingReason("ErrImageNeverPull", text), clock.GetUtcNow() + CrashLoopBackoff.Initial);
            }
        }

        return await PullAsync(pod, container, image, cancellationToken);
    }

    /// <summary>Forgets the failed pulls of a pod that is gone.</summary>
    public void Forget(string uid)
    {
        foreach (var key in _failures.Keys.Where(key => key.Uid == uid))
        {
            _failures.TryRemove(key, out _);
        }
    }

    private async Task<ImageAnswer> PullAsync(Pod pod, Container container, string image, CancellationToken cancellationToken)
    {
        var key = (pod.Metadata.Uid!, image);
        var now = clock.GetUtcNow();
        if (_failures.TryGetValue(key, out var failure) && now < failure.Until)
        {
            var text = $"Back-off pulling image \"{image}\"";
            Record(pod, container, EventTypes.Normal, "BackOff", text);
            Record(pod, container, EventTypes.Warning, "Failed", "Error: ImagePullBackOff");
            return new ImageAnswer(null, new WaitingReason("ImagePullBackOff", $"{text}: ErrImagePull: {failure.Message}"), failure.Until);
        }

        Record(pod, container, EventTypes.Normal, "Pulling", $"Pulling image \"{image}\"");
        var started = clock.GetTimestamp();
        await _pulls.WaitAsync(cancellationToken);
        try
        {
            var waited = clock.GetElapsedTime(started);
            var credential = await PullSecrets.FindAsync(pod, image, objects, cancellationToken);
            var pulled = await runtime.PullImageAsync(image, credential, null, cancellationToken);
            var elapsed = clock.GetElapsedTime(started);
            AgentInstruments.OnPull(elapsed, pulled.Error);
            if (pulled.Succeeded)
            {
                _failures.TryRemove(key, out _);
                Record(pod, container, EventTypes.Normal, "Pulled",
                    $"Successfully pulled image \"{image}\" in {Seconds(elapsed - waited)} ({Seconds(elapsed)} including waiting). Image size: {pulled.Value.SizeBytes} bytes.");
                return new ImageAnswer(pulled.Value, null, null);
            }

            Activity.Current?.SetStatus(ActivityStatusCode.Error, pulled.Error.Message);
            return Failed(pod, container, image, key, pulled.Error);
        }
        finally
        {
            _pulls.Release();
        }
    }

    private ImageAnswer Failed(Pod pod, Container container, string image, (string, string) key, RuntimeError error)
    {
        var text = $"failed to pull image \"{image}\": {error.Message}";
        logger.PullFailed(image, pod.Metadata.Namespace, pod.Metadata.Name, error.Message);
        Record(pod, container, EventTypes.Warning, "Failed", $"Failed to pull image \"{image}\": {error.Message}");
        Record(pod, container, EventTypes.Warning, "Failed", "Error: ErrImagePull");
        if (_failures.Count >= FailuresMax)
        {
            foreach (var old in _failures.OrderBy(one => one.Value.Until).Take(FailuresMax / 2))
            {
                _failures.TryRemove(old.Key, out _);
            }
        }

        var count = (_failures.GetValueOrDefault(key)?.Count ?? 0) + 1;
        var until = clock.GetUtcNow() + CrashLoopBackoff.Delay(count);
        _failures[key] = new Failure(count, until, text);

        // Looked at again soon, so that the state turns from ErrImagePull to ImagePullBackOff as upstream's does.
        return new ImageAnswer(null, new WaitingReason("ErrImagePull", text), clock.GetUtcNow() + TimeSpan.FromSeconds(2));
    }

    private void Record(Pod pod, Container container, string type, string reason, string message) =>
        events.Record(AgentEvents.About(pod, container), type, reason, message);

    private static string Seconds(TimeSpan time) => time.TotalSeconds < 1 ? $"{time.TotalMilliseconds:0}ms" : $"{time.TotalSeconds:0.###}s";

    private sealed record Failure(int Count, DateTimeOffset Until, string Message);
}
