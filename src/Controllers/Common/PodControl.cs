using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Common;

/// <summary>Creates, deletes, adopts and releases an owner's pods, and says so in the owner's Events.</summary>
internal sealed class PodControl(IApiClient client, IEventRecorder events)
{
    /// <summary>Creates a pod from the owner's template.</summary>
    public async Task<ApiError?> CreateAsync(ObjectReference owner, Pod pod, CancellationToken cancellationToken)
    {
        var created = await client.CreateAsync(pod, cancellationToken);
        if (created.Succeeded)
        {
            events.Record(owner, EventTypes.Normal, "SuccessfulCreate", $"Created pod: {created.Value.Metadata.Name}");
            return null;
        }

        // A namespace on its way out takes no pods; that is no failure of anyone.
        if (!IsNamespaceTerminating(created.Error))
        {
            events.Record(owner, EventTypes.Warning, "FailedCreate", $"Error creating: {created.Error.Message}");
        }

        return created.Error;
    }

    /// <summary>Deletes a pod; one that is gone, or whose name is another's by now, is a success.</summary>
    public async Task<ApiError?> DeleteAsync(ObjectReference owner, Pod pod, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions { Preconditions = new Preconditions { Uid = pod.Metadata.Uid } };
        var error = await client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, options, cancellationToken);
        if (error is null)
        {
            events.Record(owner, EventTypes.Normal, "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
            return null;
        }

        if (error.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            return null;
        }

        events.Record(owner, EventTypes.Warning, "FailedDelete", $"Error deleting: {error.Message}");
        return error;
    }

    /// <summary>Makes the owner the controller of an object.</summary>
    public async Task<ApiError?> AdoptAsync<T>(ResourceType ownerType, ObjectMeta owner, T orphan, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var patch = OwnerPatches.Adopt(ownerType, owner, orphan.Metadata.Uid!);
        return (await client.PatchAsync<T>(orphan.Metadata.Namespace, orphan.Metadata.Name!, patch, cancellationToken)).Error;
    }

    /// <summary>Lets an object go; one that is gone or replaced is a success.</summary>
    public async Task<ApiError?> ReleaseAsync<T>(ObjectMeta owner, T owned, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var patch = OwnerPatches.Release(owner.Uid!, owned.Metadata.Uid!);
        var error = (await client.PatchAsync<T>(owned.Metadata.Namespace, owned.Metadata.Name!, patch, cancellationToken)).Error;
        return error is { Reason: ApiErrorReason.NotFound or ApiErrorReason.Invalid } ? null : error;
    }

    /// <summary>Whether a refusal says that the namespace is being deleted.</summary>
    public static bool IsNamespaceTerminating(ApiError error) => error.Causes.Any(cause => cause.Reason == "NamespaceTerminating");
}
