using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Storage;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>A claim that names no storage class gets the cluster's default one.</summary>
/// <remarks>Upstream's plugin DefaultStorageClass: of several defaults the newest, then the first by name.</remarks>
internal sealed class DefaultStorageClass(IStateEngine engine) : IAdmission
{
    private const string Default = "storageclass.kubernetes.io/is-default-class";
    private const string OldName = "volume.beta.kubernetes.io/storage-class";

    /// <inheritdoc/>
    public string Name => "DefaultStorageClass";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        // An empty name is an answer: no class at all.
        if (request.Verb != "create" || !request.IsMain(PersistentVolumeClaim.ResourceType) || request.Value?["spec"] is not JsonObject spec || spec["storageClassName"] is not null
            || (request.Value.Meta()["annotations"] as JsonObject)?.ContainsKey(OldName) == true)
        {
            return null;
        }

        var found = (await engine.AllAsync<StorageClass>("", cancellationToken))
            .Where(candidate => candidate.Metadata.Annotations?.GetValueOrDefault(Default) == "true")
            .OrderByDescending(candidate => candidate.Metadata.CreationTimestamp).ThenBy(candidate => candidate.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        if (found is not null)
        {
            spec["storageClassName"] = found.Metadata.Name;
        }

        return null;
    }
}
