using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Admission;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>Nothing new is taken for a definition that is being deleted: what a list shows is then all there is to delete.</summary>
/// <remarks>Upstream refuses it in its crdHandler; here a server-side apply that would create is refused too.</remarks>
internal sealed class CustomResourceAdmission : IAdmission
{
    /// <inheritdoc/>
    public string Name => "CustomResources";

    /// <inheritdoc/>
    public ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(request is { Verb: "create", Kind: CustomResourceKind { Collection.Terminating: true } custom }
            ? ApiErrors.MethodNotAllowed(custom.Type, "create") with { Message = "create not allowed while custom resource definition is terminating" } : null);
}
