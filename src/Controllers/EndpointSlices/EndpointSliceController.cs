using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.EndpointSlices;

/// <summary>Wires the endpointslice controller to its watches.</summary>
internal static class EndpointSliceController
{
    /// <summary>Files slices under the Service, <c>namespace/name</c>, that this controller writes them for.</summary>
    public const string ServiceIndex = "managedForService";

    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("endpointslice", context.Clock);
        var services = context.Informers.For<Service>();
        var pods = context.Informers.For<Pod>();
        var nodes = context.Informers.For<Node>();
        var slices = context.Informers.For<EndpointSlice>();
        var tracker = new SliceTracker();
        slices.AddIndex(ServiceIndex, slice => ServiceOf(slice) is { } service ? [service.ToString()] : []);
        services.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!), Tracing.ContextOf((after ?? before)!)));
        pods.AddHandler((before, after) => ServicePods.OnPod(services, queue, before, after));
        nodes.AddHandler((before, after) => OnNode(services, queue, before, after));
        slices.AddHandler((before, after) =>
        {
            if (ServiceOf((after ?? before)!) is { } service)
            {
                if (after is null)
                {
                    tracker.Gone(service, before!.Metadata.Name!);
                }

                queue.Add(service);
            }
        });
        var reconciler = new EndpointSliceReconciler(
            context.Client, services, pods, nodes, slices, tracker, context.RecorderOf("endpoint-slice-controller"), context.Loggers.CreateLogger<EndpointSliceReconciler>());
        return new Controller("endpointslice", "EndpointSlice", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }

    private static ObjectKey? ServiceOf(EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels && labels.TryGetValue(EndpointSlicePlanner.ManagedBy, out var manager) && manager == EndpointSlicePlanner.Manager
        && labels.TryGetValue(EndpointSlicePlanner.ServiceName, out var name) ? new ObjectKey(slice.Metadata.Namespace ?? "", name) : null;

    private static void OnNode(IInformer<Service> services, WorkQueue queue, Node? before, Node? after)
    {
        static string? Zone(Node? node) => node?.Metadata.Labels?.GetValueOrDefault(EndpointSliceReconciler.ZoneLabel);
        if (Zone(before) == Zone(after))
        {
            return;
        }

        foreach (var service in services.List())
        {
            queue.Add(ObjectKey.Of(service));
        }
    }
}
