using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.DaemonSets;

/// <summary>Wires the daemonset controller to its watches.</summary>
internal static class DaemonSetController
{
    /// <summary>Workers. 2, upstream's --concurrent-daemonset-syncs.</summary>
    public const int Workers = 2;

    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("daemonset", context.Clock);
        var sets = context.Informers.For<DaemonSet>();
        var pods = context.Informers.For<Pod>();
        var nodes = context.Informers.For<Node>();
        var revisions = context.Informers.For<ControllerRevision>();
        var expectations = new Expectations(context.Clock);
        sets.AddHandler((before, after) =>
        {
            var shown = (after ?? before)!;
            if (after is null || (before is not null && before.Metadata.Uid != after.Metadata.Uid))
            {
                expectations.Forget(ObjectKey.Of(shown));
            }

            queue.Add(ObjectKey.Of(shown), Tracing.ContextOf(shown));
        });
        nodes.AddHandler((before, after) =>
        {
            if (before is null || after is null || !IsAlike(before, after))
            {
                foreach (var set in sets.List())
                {
                    queue.Add(ObjectKey.Of(set));
                }
            }
        });
        revisions.AddHandler((before, after) =>
        {
            if (Owners.ControllerOf((after ?? before)!.Metadata) is { } owner && Owners.Names(owner, DaemonSet.ResourceType))
            {
                queue.Add(new ObjectKey((after ?? before)!.Metadata.Namespace ?? "", owner.Name));
            }
        });
        pods.AddHandler((before, after) => OnPod(sets, expectations, queue, before, after));
        var reconciler = new DaemonSetReconciler(
            context.Client, sets, pods, nodes, revisions, expectations, new FailedPodBackoff(context.Clock),
            context.RecorderOf("daemonset-controller"), context.Clock, context.Loggers.CreateLogger<DaemonSetReconciler>());
        return new Controller("daemonset", "DaemonSet", reconciler, queue) { Workers = Workers, WhenReady = context.Informers.WhenSyncedAsync };
    }

    // What decides where daemons run: labels and taints. Not the heartbeat.
    private static bool IsAlike(Node before, Node after) => Same.Map(before.Metadata.Labels, after.Metadata.Labels)
        && (before.Spec.Taints ?? []).Select(taint => (taint.Key, taint.Value, taint.Effect)).SequenceEqual((after.Spec.Taints ?? []).Select(taint => (taint.Key, taint.Value, taint.Effect)));

    private static void OnPod(IInformer<DaemonSet> sets, Expectations expectations, WorkQueue queue, Pod? before, Pod? after)
    {
        var pod = (after ?? before)!;
        if (Owners.ControllerOf(pod.Metadata) is { } owner)
        {
            var key = new ObjectKey(pod.Metadata.Namespace ?? "", owner.Name);
            if (!Owners.Names(owner, DaemonSet.ResourceType) || sets.Find(key) is not { } set || set.Metadata.Uid != owner.Uid)
            {
                return;
            }

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

        if (before is not null && Owners.ControllerOf(before.Metadata) is { } former && Owners.Names(former, DaemonSet.ResourceType))
        {
            queue.Add(new ObjectKey(pod.Metadata.Namespace ?? "", former.Name));
        }

        foreach (var set in sets.List(pod.Metadata.Namespace))
        {
            var selector = Selector.From(set.Spec.Selector);
            if (after is { Metadata.DeletionTimestamp: null } && selector.Succeeded && !selector.Value.IsEmpty && selector.Value.Matches(after.Metadata.Labels))
            {
                queue.Add(ObjectKey.Of(set));
            }
        }
    }
}
