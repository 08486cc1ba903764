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

    /// <summary>Adopts and releases what a claim says.</summary>
    /// <returns>What the owner has afterwards, and what went wrong.</returns>
    public async Task<(IReadOnlyList<T> Owned, ApiError? Error)> ClaimAsync<TOwner, T>(TOwner owner, Claim<T> claim, CancellationToken cancellationToken)
        where TOwner : class, IKubernetesObject<TOwner>
        where T : class, IKubernetesObject<T>
    {
        var owned = new List<T>(claim.Owned);
        if (claim.ToAdopt.Count > 0 && await CheckLiveAsync(owner, cancellationToken) is { } gone)
        {
            return (owned, gone);
        }

        foreach (var orphan in claim.ToAdopt)
        {
            if (await AdoptAsync(TOwner.ResourceType, owner.Metadata, orphan, cancellationToken) is not { } error)
            {
                owned.Add(orphan);
            }
            else if (error.Reason != ApiErrorReason.NotFound)
            {
                return (owned, error);
            }
        }

        foreach (var stray in claim.ToRelease)
        {
            if (await ReleaseAsync(owner.Metadata, stray, cancellationToken) is { } error)
            {
                return (owned, error);
            }
        }

        return (owned, null);
    }

    /// <summary>Why an owner may not adopt: the cache may show one that is gone, and an adoption on its strength would leave pods to nobody. Null where it may.</summary>
    public async Task<ApiError?> CheckLiveAsync<TOwner>(TOwner owner, CancellationToken cancellationToken)
        where TOwner : class, IKubernetesObject<TOwner>
    {
        var live = await client.GetAsync<TOwner>(owner.Metadata.Namespace, owner.Metadata.Name!, cancellationToken);
        return live.Succeeded && live.Value.Metadata.Uid == owner.Metadata.Uid && live.Value.Metadata.DeletionTimestamp is null ? null
            : live.Error ?? new ApiError(ApiErrorReason.Conflict, $"{TOwner.ResourceType.Kind} {ObjectKey.Of(owner)} was replaced or is being deleted: it adopts no pods");
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
