using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.ServiceEndpoints;

/// <summary>Keeps the Endpoints object of a Service equal to the pods it selects.</summary>
internal sealed class EndpointsReconciler(
    IApiClient client, IInformer<Service> services, IInformer<Pod> pods, IInformer<Endpoints> endpoints, IEventRecorder events) : IReconciler
{
    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var current = endpoints.Find(key);
        if (services.Find(key) is not { } service)
        {
            if (current is null)
            {
                return ReconcileResult.Done;
            }

            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = current.Metadata.Uid } };
            var gone = await client.DeleteAsync<Endpoints>(key.Namespace, key.Name, options, cancellationToken);
            return gone is null or { Reason: ApiErrorReason.NotFound } ? ReconcileResult.Done : ReconcileResult.Failed(gone);
        }

        if (!ServicePods.HasSelector(service))
        {
            return ReconcileResult.Done; // Someone else says where it leads.
        }

        var wanted = EndpointsPlanner.Plan(service, ServicePods.Of(service, pods), current);
        if (current is not null && Same.Value(current.Subsets is null or [] ? current with { Subsets = null } : current, wanted with { ApiVersion = current.ApiVersion, Kind = current.Kind }))
        {
            return ReconcileResult.Done;
        }

        var written = current is null ? await client.CreateAsync(wanted, cancellationToken) : await client.UpdateAsync(wanted, cancellationToken);
        if (written.Succeeded || PodControl.IsNamespaceTerminating(written.Error))
        {
            return ReconcileResult.Done;
        }

        if (written.Error.Reason is not (ApiErrorReason.Conflict or ApiErrorReason.AlreadyExists))
        {
            var verb = current is null ? "create" : "update";
            events.Record(service, EventTypes.Warning, current is null ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint", $"Failed to {verb} endpoint {key}: {written.Error.Message}");
        }

        return ReconcileResult.Failed(written.Error);
    }
}
