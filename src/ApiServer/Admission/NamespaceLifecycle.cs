using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>Nothing is created in a namespace that is missing or on its way out, and the system's namespaces stay.</summary>
public sealed class NamespaceLifecycle(IStateEngine engine) : IAdmission
{
    private static readonly HashSet<string> s_protected = ["default", "kube-system", "kube-public"];

    /// <inheritdoc/>
    public string Name => "NamespaceLifecycle";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Verb == "delete" && request.Kind.Type == Namespace.ResourceType && s_protected.Contains(request.Name))
        {
            return ApiErrors.Forbidden(request.Kind.Type, request.Name, "this namespace may not be deleted");
        }

        if (request.Verb != "create" || !request.Kind.Type.Namespaced)
        {
            return null;
        }

        return Check(request, await engine.GetAsync(new StateKey("namespaces", "", request.Namespace), cancellationToken));
    }

    /// <summary>Whether an object may be created in a namespace as it is; null where it may.</summary>
    internal static ApiError? Check(AdmissionRequest request, StateEntry? entry)
    {
        if (entry is null)
        {
            return ApiErrors.NotFound(Namespace.ResourceType, request.Namespace);
        }

        var stored = entry.View<KubeAspire.ApiMachinery.Meta.IKubernetesObject>(found => Resources.KubernetesJson.Read<Namespace>(found.Json.Span));
        if (stored.Metadata.DeletionTimestamp is null)
        {
            return null;
        }

        var detail = $"unable to create new content in namespace {request.Namespace} because it is being terminated";
        return ApiErrors.Forbidden(request.Kind.Type, request.Name, detail) with
        {
            Causes = [new ErrorCause("NamespaceTerminating", $"namespace {request.Namespace} is being terminated", "metadata.namespace")],
        };
    }
}
