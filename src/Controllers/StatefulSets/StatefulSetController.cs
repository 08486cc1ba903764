using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.StatefulSets;

/// <summary>Wires the statefulset controller to its watches.</summary>
internal static class StatefulSetController
{
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("statefulset", context.Clock);
        var sets = context.Informers.For<StatefulSet>();
        var pods = context.Informers.For<Pod>();
        var claims = context.Informers.For<PersistentVolumeClaim>();
        var revisions = context.Informers.For<ControllerRevision>();
        sets.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!), Tracing.ContextOf((after ?? before)!)));
        pods.AddHandler((before, after) =>
        {
            var pod = (after ?? before)!;
            if (Owners.ControllerOf(pod.Metadata) is { } owner)
            {
                if (Owners.Names(owner, StatefulSet.ResourceType))
                {
                    queue.Add(new ObjectKey(pod.Metadata.Namespace ?? "", owner.Name), Tracing.ContextOf(pod));
                }

                return;
            }

            foreach (var set in sets.List(pod.Metadata.Namespace).Where(set => set.Spec.Selector.Matches(pod.Metadata.Labels)))
            {
                queue.Add(ObjectKey.Of(set));
            }
        });
        var reconciler = new StatefulSetReconciler(
            context.Client, sets, pods, claims, revisions, context.RecorderOf("statefulset-controller"), context.Clock, context.Loggers.CreateLogger<StatefulSetReconciler>());
        return new Controller("statefulset", "StatefulSet", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }
}
