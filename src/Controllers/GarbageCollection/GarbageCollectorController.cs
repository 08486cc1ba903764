using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Events;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.GarbageCollection;

/// <summary>Wires the garbage collector to watches of the metadata of every resource type.</summary>
internal static class GarbageCollectorController
{
    /// <summary>Workers. 20, upstream's --concurrent-gc-syncs.</summary>
    public const int Workers = 20;

    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("garbage-collector-controller", context.Clock);
        var events = context.RecorderOf("garbage-collector-controller");
        var types = context.ResourceTypes();
        var byKind = types.GroupBy(type => (type.Group, type.Kind)).ToDictionary(group => group.Key, group => group.First());
        ResourceType? TypeOf(string apiVersion, string kind) => byKind.GetValueOrDefault((Owners.GroupOf(apiVersion), kind));
        var graph = new OwnerGraph(TypeOf);
        var reconciler = new GarbageReconciler(context.Client, graph, TypeOf, queue, context.Loggers.CreateLogger<GarbageReconciler>());
        foreach (var type in types.Where(type => type.Plural != "events")) // Events own nothing, are owned by nothing, and are many.
        {
            context.Informers.For<PartialObjectMetadata>(type).AddHandler((before, after) =>
            {
                if (before is not null && (after is null || after.Metadata.Uid != before.Metadata.Uid))
                {
                    reconciler.Enqueue(graph.Remove(before.Metadata.Uid!));
                }

                if (after is not null)
                {
                    var effects = graph.Observe(type, after.Metadata);
                    reconciler.Enqueue(effects);
                    Report(events, effects);
                }
            });
        }

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
