using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.EndpointSlices;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;

namespace KubeAspire.Controllers.EndpointSliceMirroring;

/// <summary>Keeps slices equal to the Endpoints that somebody writes for a Service without a selector: who routes reads slices alone.</summary>
internal sealed class MirrorReconciler(
    IApiClient client, IInformer<Endpoints> endpoints, IInformer<Service> services, IInformer<EndpointSlice> slices, SliceTracker tracker, IEventRecorder events) : IReconciler
{
    private const string MirrorIndex = "mirrorsOf";
    private readonly EndpointSliceWriter _writer = new(client, slices, tracker);

    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("endpointslicemirroring", context.Clock);
        var (endpoints, services, slices) = (context.Informers.For<Endpoints>(), context.Informers.For<Service>(), context.Informers.For<EndpointSlice>());
        var tracker = new SliceTracker();
        slices.AddIndex(MirrorIndex, slice => MirroredBy(slice) is { } key ? [key.ToString()] : []);
        endpoints.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!), Tracing.ContextOf((after ?? before)!)));
        services.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!)));
        slices.AddHandler((before, after) =>
        {
            if (MirroredBy((after ?? before)!) is { } key)
            {
                if (after is null)
                {
                    tracker.Gone(key, before!.Metadata.Name!);
                }

                queue.Add(key);
            }
        });
        var reconciler = new MirrorReconciler(context.Client, endpoints, services, slices, tracker, context.RecorderOf("endpoint-slice-mirroring-controller"));
        return new Controller("endpointslicemirroring", "Endpoints", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var existing = slices.ByIndex(MirrorIndex, key.ToString()).Where(slice => slice.Metadata.DeletionTimestamp is null).ToList();
        if (tracker.IsStale(key, existing))
        {
            return ReconcileResult.After(EndpointSliceReconciler.StaleRetry);
        }

        var source = endpoints.Find(key);
        if (source is null && existing.Count == 0)
        {
            tracker.Forget(key);
            return ReconcileResult.Done;
        }

        var plan = MirrorPlanner.Plan(MirrorPlanner.IsMirrored(source, services.Find(key)) ? source : null, existing);
        if (await _writer.WriteAsync(key, plan, cancellationToken) is not { } error || PodControl.IsNamespaceTerminating(error))
        {
            return ReconcileResult.Done;
        }

        if (source is not null && error.Reason != ApiErrorReason.Conflict)
        {
            events.Record(source, EventTypes.Warning, "FailedToUpdateEndpointSlices", $"Error updating mirrored EndpointSlices for Endpoints {key}: {error.Message}");
        }

        return ReconcileResult.Failed(error);
    }

    private static ObjectKey? MirroredBy(EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels && labels.GetValueOrDefault(EndpointSlicePlanner.ManagedBy) == MirrorPlanner.Manager
        && labels.GetValueOrDefault(EndpointSlicePlanner.ServiceName) is { } name ? new ObjectKey(slice.Metadata.Namespace ?? "", name) : null;
}
