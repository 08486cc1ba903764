using System.Collections.Concurrent;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.NodeIpam;

/// <summary>Gives every node a network for its pods: <c>spec.podCIDR</c>. A deleted node's network is free again.</summary>
internal sealed class NodeIpamReconciler(IApiClient client, IInformer<Node> nodes, CidrSet cidrs, IEventRecorder events, ILogger<NodeIpamReconciler> logger) : IReconciler
{
    // Given away in this process and perhaps not yet in the cache. Cleared as the cache shows it, or the node's end.
    private readonly ConcurrentDictionary<ObjectKey, string> _given = new();

    /// <summary>Wires the controller to its watches. One worker: two passes at once could give one network twice.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("nodeipam", context.Clock);
        var nodes = context.Informers.For<Node>();
        nodes.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!)));
        var reconciler = new NodeIpamReconciler(
            context.Client, nodes, new CidrSet(context.Options.ClusterCidr), context.RecorderOf("cidrAllocator"), context.Loggers.CreateLogger<NodeIpamReconciler>());
        return new Controller("nodeipam", "Node", reconciler, queue) { Workers = 1, WhenReady = context.Informers.WhenSyncedAsync };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (nodes.Find(key) is not { } node)
        {
            _given.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        if (!string.IsNullOrEmpty(node.Spec.PodCIDR))
        {
            _given.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        var taken = nodes.List().Select(other => other.Spec.PodCIDR).Concat(_given.Where(pair => pair.Key != key).Select(pair => pair.Value)).OfType<string>().ToHashSet();
        if (cidrs.Lowest(taken) is not { } free)
        {
            events.Record(node, EventTypes.Normal, "CIDRNotAvailable", $"Node {key.Name} status is now: CIDRNotAvailable");
            return ReconcileResult.Failed(new ApiError(ApiErrorReason.InternalError, $"no network is left for node {key.Name}: all {cidrs.Count - 1} are taken"));
        }

        _given[key] = free;
        var written = await client.UpdateAsync(node with { Spec = node.Spec with { PodCIDR = free, PodCIDRs = [free] } }, cancellationToken);
        if (!written.Succeeded)
        {
            _given.TryRemove(key, out _);
            return written.Error.Reason == ApiErrorReason.NotFound ? ReconcileResult.Done : ReconcileResult.Failed(written.Error);
        }

        logger.NetworkGiven(key.Name, free);
        return ReconcileResult.Done;
    }
}
