using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.Resources.Discovery;

namespace KubeAspire.Controllers.EndpointSlices;

/// <summary>Writes a plan of slices, and notes what the cache does not show yet.</summary>
internal sealed class EndpointSliceWriter(IApiClient client, IInformer<EndpointSlice> slices, SliceTracker tracker)
{
    /// <summary>Writes until something is refused.</summary>
    /// <param name="key">The Service, or the Endpoints, that the slices are for.</param>
    /// <param name="plan">What to write.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ApiError?> WriteAsync(ObjectKey key, EndpointSlicePlan plan, CancellationToken cancellationToken)
    {
        foreach (var slice in plan.Create)
        {
            var created = await client.CreateAsync(slice, cancellationToken);
            if (!created.Succeeded)
            {
                return created.Error;
            }

            tracker.Wrote(key, created.Value);
        }

        foreach (var slice in plan.Update)
        {
            var updated = await client.UpdateAsync(slice, cancellationToken);
            if (!updated.Succeeded)
            {
                return updated.Error;
            }

            tracker.Wrote(key, updated.Value);
        }

        foreach (var slice in plan.Delete)
        {
            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = slice.Metadata.Uid } };
            var error = await client.DeleteAsync<EndpointSlice>(slice.Metadata.Namespace, slice.Metadata.Name!, options, cancellationToken);
            if (error is { Reason: not ApiErrorReason.NotFound })
            {
                return error;
            }

            if (slices.Find(ObjectKey.Of(slice)) is not null)
            {
                tracker.Deleted(key, slice);
            }
        }

        return null;
    }
}
