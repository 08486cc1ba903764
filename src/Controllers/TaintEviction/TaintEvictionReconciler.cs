using System.Collections.Concurrent;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.NodeLifecycle;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.TaintEviction;

/// <summary>Deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer. Keys are pods.</summary>
internal sealed class TaintEvictionReconciler(IApiClient client, IInformer<Pod> pods, IInformer<Node> nodes, IEventRecorder events, TimeProvider clock) : IReconciler
{
    // When the taints were first seen by a pod's uid: monotonic, so a clock that jumps evicts nobody. Bounded by the pods on tainted nodes.
    private readonly ConcurrentDictionary<string, long> _since = new();

    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("taint-eviction-controller", context.Clock);
        var nodes = context.Informers.For<Node>();
        var pods = context.Informers.For<Pod>();
        pods.AddIndex(NodeLifecycleController.NodeIndex, NodeLifecycleController.NodesOf);
        var reconciler = new TaintEvictionReconciler(context.Client, pods, nodes, context.RecorderOf("taint-eviction-controller"), context.Clock);
        nodes.AddHandler((before, after) =>
        {
            if (NoExecute(before).Count == 0 && NoExecute(after).Count == 0)
            {
                return;
            }

            foreach (var pod in pods.ByIndex(NodeLifecycleController.NodeIndex, (after ?? before)!.Metadata.Name!))
            {
                queue.Add(ObjectKey.Of(pod));
            }
        });
        pods.AddHandler((before, after) =>
        {
            if (after is null)
            {
                reconciler._since.TryRemove(before!.Metadata.Uid ?? "", out _);
            }
            else if (after.Spec.NodeName is { Length: > 0 } name && NoExecute(nodes.Find(null, name)).Count > 0)
            {
                queue.Add(ObjectKey.Of(after));
            }
        });
        return new Controller("taint-eviction-controller", "Pod", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pods.Find(key) is not { Metadata: { DeletionTimestamp: null, Uid: { } uid } } pod || PodFacts.IsTerminal(pod))
        {
            return ReconcileResult.Done;
        }

        var taints = NoExecute(nodes.Find(null, pod.Spec.NodeName ?? ""));
        if (taints.Count == 0 || TaintEvictionPlanner.StayOf(pod, taints) is not { } stay)
        {
            if (_since.TryRemove(uid, out _))
            {
                events.Record(pod, EventTypes.Normal, "TaintManagerEviction", $"Cancelling deletion of Pod {key}");
            }

            return ReconcileResult.Done;
        }

        var left = stay - clock.GetElapsedTime(_since.GetOrAdd(uid, _ => clock.GetTimestamp()));
        if (left > TimeSpan.Zero)
        {
            return ReconcileResult.After(left);
        }

        return await EvictAsync(key, pod, cancellationToken) is { } error ? ReconcileResult.Failed(error) : ReconcileResult.Done;
    }

    private static List<Taint> NoExecute(Node? node) => [.. (node?.Spec.Taints ?? []).Where(taint => taint.Effect == "NoExecute")];

    private async Task<ApiError?> EvictAsync(ObjectKey key, Pod pod, CancellationToken cancellationToken)
    {
        var patch = new ApiPatch(PatchKind.StrategicMerge, DisruptionTarget.Patch(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", null, clock.GetUtcNow()));
        var marked = await client.PatchStatusAsync<Pod>(key.Namespace, key.Name, patch, cancellationToken);
        if (!marked.Succeeded)
        {
            return marked.Error.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict ? null : marked.Error;
        }

        events.Record(pod, EventTypes.Normal, "TaintManagerEviction", $"Marking for deletion Pod {key}");
        var options = new DeleteOptions { Preconditions = new Preconditions { Uid = pod.Metadata.Uid } };
        var error = await client.DeleteAsync<Pod>(key.Namespace, key.Name, options, cancellationToken);
        return error is { Reason: ApiErrorReason.NotFound or ApiErrorReason.Conflict } ? null : error;
    }
}
