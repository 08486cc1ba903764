using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.EndpointSlices;

/// <summary>Keeps a Service's EndpointSlices equal to the pods it selects.</summary>
internal sealed class EndpointSliceReconciler(
    IApiClient client,
    IInformer<Service> services,
    IInformer<Pod> pods,
    IInformer<Node> nodes,
    IInformer<EndpointSlice> slices,
    SliceTracker tracker,
    IEventRecorder events,
    ILogger<EndpointSliceReconciler> logger) : IReconciler
{
    /// <summary>The label of a node's zone.</summary>
    public const string ZoneLabel = "topology.kubernetes.io/zone";

    /// <summary>When a pass that found a stale cache looks again, should no watch event wake it. 1 s.</summary>
    public static readonly TimeSpan StaleRetry = TimeSpan.FromSeconds(1);

    private readonly EndpointSliceWriter _writer = new(client, slices, tracker);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (services.Find(key) is not { } service)
        {
            tracker.Forget(key);
            return ReconcileResult.Done; // Its slices name it as their owner: the garbage collector's work.
        }

        if (!ServicePods.HasSelector(service) || service.Metadata.DeletionTimestamp is not null)
        {
            return ReconcileResult.Done;
        }

        var existing = slices.ByIndex(EndpointSliceController.ServiceIndex, key.ToString()).Where(slice => slice.Metadata.DeletionTimestamp is null).ToList();
        if (tracker.IsStale(key, existing))
        {
            return ReconcileResult.After(StaleRetry);
        }

        var plan = EndpointSlicePlanner.Plan(service, ServicePods.Of(service, pods), ZoneOf, existing);
        var error = await _writer.WriteAsync(key, plan, cancellationToken);
        if (error is null && plan.Create.Count + plan.Update.Count + plan.Delete.Count > 0)
        {
            logger.SlicesWritten(key, plan.Create.Count, plan.Update.Count, plan.Delete.Count);
        }

        if (error is not null && error.Reason != ApiErrorReason.Conflict && !PodControl.IsNamespaceTerminating(error))
        {
            events.Record(service, EventTypes.Warning, "FailedToUpdateEndpointSlices", $"Error updating Endpoint Slices for Service {key}: {error.Message}");
        }

        return error is null || PodControl.IsNamespaceTerminating(error) ? ReconcileResult.Done : ReconcileResult.Failed(error);
    }

    private string? ZoneOf(string node) => nodes.Find(null, node)?.Metadata.Labels?.GetValueOrDefault(ZoneLabel);
}
