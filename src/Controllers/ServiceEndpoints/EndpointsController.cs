using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.ServiceEndpoints;

/// <summary>Wires the endpoint controller to its watches.</summary>
internal static class EndpointsController
{
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("endpoint", context.Clock);
        var services = context.Informers.For<Service>();
        var pods = context.Informers.For<Pod>();
        var endpoints = context.Informers.For<Endpoints>();
        services.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!), Tracing.ContextOf((after ?? before)!)));
        pods.AddHandler((before, after) => ServicePods.OnPod(services, queue, before, after));
        endpoints.AddHandler((before, after) =>
        {
            // Only what this controller wrote is put right: others write Endpoints for Services without a selector, or for none.
            if ((after ?? before)!.Metadata.Labels?.GetValueOrDefault(EndpointsPlanner.ManagedBy) == EndpointsPlanner.Manager)
            {
                queue.Add(ObjectKey.Of((after ?? before)!));
            }
        });
        var reconciler = new EndpointsReconciler(context.Client, services, pods, endpoints, context.RecorderOf("endpoint-controller"));
        return new Controller("endpoint", "Endpoints", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }
}
