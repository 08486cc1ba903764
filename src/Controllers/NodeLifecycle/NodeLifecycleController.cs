using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.NodeLifecycle;

/// <summary>Wires the node lifecycle controller to its watches.</summary>
internal static class NodeLifecycleController
{
    /// <summary>Files pods under the node they are bound to.</summary>
    public const string NodeIndex = "nodeName";

    /// <summary>Where nodes keep their Leases.</summary>
    public const string LeaseNamespace = "kube-node-lease";

    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("node_lifecycle_controller", context.Clock);
        var nodes = context.Informers.For<Node>();
        var leases = context.Informers.For<Lease>();
        var pods = context.Informers.For<Pod>();
        var heartbeats = new Heartbeats(context.Clock);
        var events = context.RecorderOf("node-controller");
        var options = context.Options.NodeLifecycle;
        pods.AddIndex(NodeIndex, NodesOf);
        leases.AddHandler((before, after) =>
        {
            if (after is not null && after.Metadata.Namespace == LeaseNamespace && before?.Spec.RenewTime != after.Spec.RenewTime)
            {
                heartbeats.Heard(after.Metadata.Name!);
            }
        });
        nodes.AddHandler((before, after) => OnNode(nodes, queue, heartbeats, events, before, after));
        pods.AddHandler((before, after) =>
        {
            // A pod that is bound to, or says it is ready on, a node that is not heard of.
            if (after?.Spec.NodeName is { Length: > 0 } name && PodFacts.IsReady(after) && (before is null || !PodFacts.IsReady(before))
                && nodes.Find(null, name) is { } node && NodeHealthPlanner.Ready(node)?.Status == "Unknown")
            {
                queue.Add(new ObjectKey("", name));
            }
        });
        var reconciler = new NodeLifecycleReconciler(
            context.Client, nodes, pods, heartbeats, new EvictionGuard(options, context.Clock), options, events, context.Clock, context.Loggers.CreateLogger<NodeLifecycleReconciler>());
        return new Controller("node_lifecycle_controller", "Node", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }

    /// <summary>The node that a pod is bound to, for <see cref="NodeIndex"/>.</summary>
    internal static IEnumerable<string> NodesOf(Pod pod) => string.IsNullOrEmpty(pod.Spec.NodeName) ? [] : [pod.Spec.NodeName];

    private static void OnNode(IInformer<Node> nodes, WorkQueue queue, Heartbeats heartbeats, IEventRecorder events, Node? before, Node? after)
    {
        var node = (after ?? before)!;
        var name = node.Metadata.Name!;
        queue.Add(ObjectKey.Of(node));
        if (after is null)
        {
            heartbeats.Forget(name);
            events.Record(NodeLifecycleReconciler.NodeReference(node), EventTypes.Normal, "RemovingNode", $"Node {name} event: Removing Node {name} from Controller");
            return;
        }

        if (before is null)
        {
            heartbeats.Heard(name);
            events.Record(NodeLifecycleReconciler.NodeReference(node), EventTypes.Normal, "RegisteredNode", $"Node {name} event: Registered Node {name} in Controller");
        }
        else if (BeatOf(before) != BeatOf(after))
        {
            heartbeats.Heard(name); // The node wrote its status: as good as a Lease.
        }

        if (NodeHealthPlanner.Ready(node)?.Status != (before is null ? null : NodeHealthPlanner.Ready(before)?.Status))
        {
            foreach (var other in nodes.List())
            {
                queue.Add(ObjectKey.Of(other)); // What may be evicted depends on how the others are.
            }
        }
    }

    private static DateTimeOffset? BeatOf(Node node) => NodeHealthPlanner.Ready(node)?.LastHeartbeatTime;
}
