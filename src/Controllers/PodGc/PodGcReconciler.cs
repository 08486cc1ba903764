using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.PodGc;

/// <summary>Deletes pods that no node will: of nodes that are gone, never bound, or too many that ended. One key: all pods.</summary>
internal sealed class PodGcReconciler(
    IApiClient client, IInformer<Pod> pods, IInformer<Node> nodes, ControllersOptions options, TimeProvider clock, ILogger<PodGcReconciler> logger) : IReconciler
{
    /// <summary>How often pods are looked at. 20 s, upstream's gcCheckPeriod.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    private static readonly ObjectKey All = new("", "pods");

    private readonly Dictionary<string, long> _missingSince = [];

    /// <summary>Wires the controller to its watches. One worker: it has one key.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("podgc", context.Clock);
        var nodes = context.Informers.For<Node>();
        var pods = context.Informers.For<Pod>();
        nodes.AddHandler((_, after) =>
        {
            if (after is null)
            {
                queue.Add(All);
            }
        });
        pods.AddHandler((_, after) =>
        {
            if (after is { Metadata.DeletionTimestamp: not null } && string.IsNullOrEmpty(after.Spec.NodeName))
            {
                queue.Add(All);
            }
        });
        queue.Add(All);
        var reconciler = new PodGcReconciler(context.Client, pods, nodes, context.Options, context.Clock, context.Loggers.CreateLogger<PodGcReconciler>());
        return new Controller("podgc", "Pod", reconciler, queue) { Workers = 1, WhenReady = context.Informers.WhenSyncedAsync };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var (all, known) = (pods.List(), nodes.List());
        var longGone = await LongGoneAsync(PodGcPlanner.Missing(all, known), cancellationToken);
        ApiError? first = null;
        foreach (var (pod, cause) in PodGcPlanner.Plan(all, known, options.TerminatedPodThreshold, longGone))
        {
            first ??= await CollectAsync(pod, cause, cancellationToken);
        }

        var quarantine = options.NodeLifecycle.OrphanQuarantine;
        var next = _missingSince.Count > 0 && quarantine < Period ? quarantine + TimeSpan.FromMilliseconds(1) : Period;
        return first is null ? ReconcileResult.After(next) : ReconcileResult.Failed(first);
    }

    // A node that is missing from the cache is asked for once more before its pods go.
    private async Task<IReadOnlySet<string>> LongGoneAsync(IReadOnlySet<string> missing, CancellationToken cancellationToken)
    {
        var gone = new HashSet<string>();
        foreach (var name in _missingSince.Keys.Where(name => !missing.Contains(name)).ToList())
        {
            _missingSince.Remove(name);
        }

        foreach (var name in missing)
        {
            if (!_missingSince.TryGetValue(name, out var since))
            {
                _missingSince[name] = since = clock.GetTimestamp();
            }

            if (clock.GetElapsedTime(since) >= options.NodeLifecycle.OrphanQuarantine
                && (await client.GetAsync<Node>(null, name, cancellationToken)).Error?.Reason == ApiErrorReason.NotFound)
            {
                gone.Add(name);
            }
        }

        return gone;
    }

    private async Task<ApiError?> CollectAsync(Pod pod, PodGcCause cause, CancellationToken cancellationToken)
    {
        if (cause is PodGcCause.Orphaned or PodGcCause.OutOfService && !PodFacts.IsTerminal(pod))
        {
            var why = cause == PodGcCause.Orphaned ? "PodGC: node no longer exists" : "PodGC: node is out of service";
            var patch = new ApiPatch(PatchKind.StrategicMerge, DisruptionTarget.Patch(pod, "DeletionByPodGC", why, "Failed", clock.GetUtcNow()));
            var marked = await client.PatchStatusAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, patch, cancellationToken);
            if (!marked.Succeeded)
            {
                return marked.Error.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict ? null : marked.Error;
            }
        }

        var deletion = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { Uid = pod.Metadata.Uid } };
        var error = await client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, deletion, cancellationToken);
        if (error is null)
        {
            logger.PodCollected(ObjectKey.Of(pod), cause);
        }

        return error is { Reason: ApiErrorReason.NotFound or ApiErrorReason.Conflict } ? null : error;
    }
}
