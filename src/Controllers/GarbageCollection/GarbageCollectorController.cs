using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.GarbageCollection;

/// <summary>Wires the garbage collector to watches of the metadata of every resource type.</summary>
internal static class GarbageCollectorController
{
    /// <summary>Workers. 20, upstream's --concurrent-gc-syncs.</summary>
    public const int Workers = 20;

    /// <summary>When the types are looked at again after a CustomResourceDefinition changed. 1 s.</summary>
    public static readonly TimeSpan TypesAgain = TimeSpan.FromSeconds(1);

    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("garbage-collector-controller", context.Clock);
        var events = context.RecorderOf("garbage-collector-controller");
        var types = new CollectedTypes(context.ResourceTypes, context.Informers);
        var graph = new OwnerGraph(types.Find);
        var reconciler = new GarbageReconciler(context.Client, graph, types, queue, context.Loggers.CreateLogger<GarbageReconciler>());
        types.OnChange = (type, before, after) =>
        {
            if (before is not null && (after is null || after.Metadata.Uid != before.Metadata.Uid) && graph.Find(before.Metadata.Uid!) is { } known && known.Identity.Type == type)
            {
                reconciler.Enqueue(graph.Remove(before.Metadata.Uid!));
            }

            if (after is not null)
            {
                var effects = graph.Observe(type, after.Metadata);
                reconciler.Enqueue(effects);
                Report(events, effects);
            }
        };
        types.Refresh();
        context.Informers.For<CustomResourceDefinition>().AddHandler((_, _) =>
        {
            // The API server follows the definitions as this does: at once or a moment later their kinds are served, or not.
            types.Refresh();
            queue.AddAfter(GarbageReconciler.TypesKey, TypesAgain);
        });

        return new Controller("garbage-collector-controller", "Object", reconciler, queue) { Workers = Workers, WhenReady = context.Informers.WhenSyncedAsync };
    }

    private static void Report(IEventRecorder events, GraphEffects effects)
    {
        foreach (var (child, reference) in effects.InvalidReferences)
        {
            var about = new ObjectReference { ApiVersion = child.Type.ApiVersion, Kind = child.Type.Kind, Namespace = child.Key.Namespace, Name = child.Key.Name, Uid = child.Uid };
            var named = $"[{reference.ApiVersion}/{reference.Kind}, namespace: {child.Key.Namespace}, name: {reference.Name}, uid: {reference.Uid}]";
            events.Record(about, EventTypes.Warning, "OwnerRefInvalidNamespace", $"ownerRef {named} does not exist in namespace \"{child.Key.Namespace}\"");
        }
    }
}
