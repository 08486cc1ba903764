using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.ReplicaSets;

/// <summary>Wires the replicaset and replicationcontroller controllers to their watches.</summary>
internal static class ReplicaSetController
{
    /// <summary>The controller of ReplicaSets.</summary>
    public static Controller ForReplicaSets(ControllerContext context) =>
        Create(context, "replicaset", "replicaset-controller", new ReplicaSetSource(context.Client, context.Informers.For<ReplicaSet>()));

    /// <summary>The controller of ReplicationControllers.</summary>
    public static Controller ForReplicationControllers(ControllerContext context) =>
        Create(context, "replicationcontroller", "replication-controller", new ReplicationControllerSource(context.Client, context.Informers.For<ReplicationController>()));

    private static Controller Create(ControllerContext context, string name, string component, IReplicaSource source)
    {
        var queue = new WorkQueue(name, context.Clock);
        var pods = context.Informers.For<Pod>();
        var expectations = new Expectations(context.Clock);
        source.OnChange((before, after) =>
        {
            var shown = (after ?? before)!;
            if (after is null || (before is not null && before.Metadata.Uid != after.Metadata.Uid))
            {
                expectations.Forget(ObjectKey.Of(shown));
            }

            queue.Add(ObjectKey.Of(shown), Tracing.ContextOf(shown));
        });
        pods.AddHandler((before, after) => OnPod(source, expectations, queue, before, after));
        var control = new PodControl(context.Client, context.RecorderOf(component));
        var logger = context.Loggers.CreateLogger($"KubeAspire.Controllers.ReplicaSets.{source.Type.Kind}");
        return new Controller(name, source.Type.Kind, new ReplicaSetReconciler(source, pods, control, expectations, context.Clock, logger), queue)
        {
            WhenReady = context.Informers.WhenSyncedAsync,
        };
    }

    private static void OnPod(IReplicaSource source, Expectations expectations, WorkQueue queue, Pod? before, Pod? after)
    {
        var pod = (after ?? before)!;
        var owner = Owner(source, pod);
        if (before is not null && after is not null && Owners.ControllerOf(before.Metadata)?.Uid != Owners.ControllerOf(after.Metadata)?.Uid
            && Owner(source, before) is { } former)
        {
            queue.Add(ObjectKey.Of(former));
        }

        if (owner is not null)
        {
            var key = ObjectKey.Of(owner);
            if (before is null && after is not null)
            {
                expectations.CreationSeen(key);
            }

            if (after?.Metadata.DeletionTimestamp is not null || after is null)
            {
                expectations.DeletionSeen(key, pod.Metadata.Uid);
            }

            queue.Add(key, Tracing.ContextOf(pod));
            return;
        }

        if (after is null || Owners.ControllerOf(after.Metadata) is not null || after.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        // An orphan: whoever selects it may want it. Its phase is of no interest.
        if (before is not null && Same.Map(before.Metadata.Labels, after.Metadata.Labels) && Owners.ControllerOf(before.Metadata) is null)
        {
            return;
        }

        foreach (var candidate in source.List(after.Metadata.Namespace ?? ""))
        {
            var selector = Selector.From(candidate.Spec.Selector);
            if (selector.Succeeded && !selector.Value.IsEmpty && selector.Value.Matches(after.Metadata.Labels))
            {
                queue.Add(ObjectKey.Of(candidate));
            }
        }
    }

    private static ReplicaSet? Owner(IReplicaSource source, Pod pod) =>
        Owners.ControllerOf(pod.Metadata) is { } reference && Owners.Names(reference, source.Type)
        && source.Find(new ObjectKey(pod.Metadata.Namespace ?? "", reference.Name)) is { } owner && owner.Metadata.Uid == reference.Uid ? owner : null;
}
