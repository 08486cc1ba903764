using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.NodeLifecycle;

/// <summary>Says of a silent node that it is unknown, taints what is not ready, and takes the taints back. Keys are nodes.</summary>
internal sealed class NodeLifecycleReconciler(
    IApiClient client,
    IInformer<Node> nodes,
    IInformer<Pod> pods,
    Heartbeats heartbeats,
    EvictionGuard guard,
    NodeLifecycleOptions options,
    IEventRecorder events,
    TimeProvider clock,
    ILogger<NodeLifecycleReconciler> logger) : IReconciler
{
    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (nodes.Find(key) is not { } node)
        {
            heartbeats.Forget(key.Name);
            return ReconcileResult.Done;
        }

        var silence = heartbeats.SilenceOf(key.Name);
        if (NodeHealthPlanner.Plan(node, silence, options, clock.GetUtcNow()) is { } conditions)
        {
            var wasReady = NodeHealthPlanner.Ready(node)?.Status == "True";
            var written = await client.UpdateStatusAsync(node with { Status = node.Status with { Conditions = conditions } }, cancellationToken);
            if (!written.Succeeded)
            {
                return Refused(written.Error);
            }

            node = written.Value;
            logger.NodeSilent(key.Name, silence.TotalSeconds);
            if (wasReady)
            {
                events.Record(NodeReference(node), EventTypes.Normal, "NodeNotReady", $"Node {key.Name} status is now: NodeNotReady");
            }
        }

        var (evictionKey, wait) = Evict(node);
        var taints = NodeTaintPlanner.Plan(node, evictionKey, clock.GetUtcNow());
        if (!ReferenceEquals(taints, node.Spec.Taints ?? []) && !(taints.Count == 0 && (node.Spec.Taints?.Count ?? 0) == 0))
        {
            var written = await client.UpdateAsync(node with { Spec = node.Spec with { Taints = taints.Count == 0 ? null : taints } }, cancellationToken);
            if (!written.Succeeded)
            {
                return Refused(written.Error);
            }

            logger.NodeTainted(key.Name, string.Join(", ", taints.Select(taint => $"{taint.Key}:{taint.Effect}")));
        }

        if (NodeHealthPlanner.Ready(node)?.Status == "Unknown" && await MarkPodsNotReadyAsync(key.Name, cancellationToken) is { } error)
        {
            return ReconcileResult.Failed(error);
        }

        return Next(node, silence, wait);
    }

    /// <summary>An Event's reference to a node: upstream puts the node's name where the uid belongs, and kubectl describe looks there.</summary>
    internal static ObjectReference NodeReference(Node node) => new() { Kind = "Node", ApiVersion = "v1", Name = node.Metadata.Name, Uid = node.Metadata.Uid };

    private static ReconcileResult Refused(ApiError error) => error.Reason == ApiErrorReason.NotFound ? ReconcileResult.Done : ReconcileResult.Failed(error);

    // A taint that is there stays or is swapped at once; a new one waits its turn.
    private (string? Key, TimeSpan? Wait) Evict(Node node)
    {
        if (NodeTaintPlanner.EvictionKey(node) is not { } key)
        {
            return (null, null);
        }

        // The cache may lag behind what was just written about this node.
        var states = EvictionGuard.States(
            nodes.List().Select(other => other.Metadata.Name == node.Metadata.Name ? node : other),
            other => heartbeats.SilenceOf(other.Metadata.Name!) > NodeHealthPlanner.PatienceFor(other, options),
            options.UnhealthyThreshold);
        if (EvictionGuard.IsTotal(states) && nodes.List().Count > 1)
        {
            logger.EvictionHeld(node.Metadata.Name);
            return (null, null); // Nobody is left to take the pods: keep them where they may still be running.
        }

        if (NodeTaintPlanner.IsEvicting(node))
        {
            return (key, null);
        }

        var wait = guard.TryTake(node, states);
        return wait is null ? (key, null) : (null, wait);
    }

    private async Task<ApiError?> MarkPodsNotReadyAsync(string node, CancellationToken cancellationToken)
    {
        foreach (var pod in pods.ByIndex(NodeLifecycleController.NodeIndex, node))
        {
            if (PodFacts.Condition(pod, "Ready") is not { Status: "True" } ready)
            {
                continue;
            }

            var conditions = pod.Status.Conditions!.Select(condition => ReferenceEquals(condition, ready)
                ? condition with { Status = "False", LastTransitionTime = clock.GetUtcNow() } : condition).ToList();
            var written = await client.UpdateStatusAsync(pod with { Status = pod.Status with { Conditions = conditions } }, cancellationToken);
            if (written.Succeeded)
            {
                events.Record(pod, EventTypes.Warning, "NodeNotReady", "Node is not ready");
            }
            else if (written.Error.Reason != ApiErrorReason.NotFound)
            {
                return written.Error;
            }
        }

        return null;
    }

    private ReconcileResult Next(Node node, TimeSpan silence, TimeSpan? wait)
    {
        var patience = NodeHealthPlanner.PatienceFor(node, options);
        var left = patience - silence + TimeSpan.FromMilliseconds(1);
        if (NodeHealthPlanner.Ready(node)?.Status == "Unknown" || left <= TimeSpan.Zero)
        {
            left = options.MonitorPeriod; // Silent already: look again as the guard's state may change.
        }

        return ReconcileResult.After(wait is { } soon && soon < left ? soon : left);
    }
}
