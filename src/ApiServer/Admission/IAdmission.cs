using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Admission;

/// <summary>What is to be admitted.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Info">The request.</param>
/// <param name="User">Who asks.</param>
/// <param name="Verb"><c>create</c>, <c>update</c> or <c>delete</c>: a patch is the update, or the create, that it comes down to.</param>
/// <param name="Namespace">Namespace of the object.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Value">The object as it is to be stored; null for a delete.</param>
/// <param name="Stored">The object as it is stored; null for a create.</param>
public sealed record AdmissionRequest(
    ResourceKind Kind, RequestInfo Info, ApiUser User, string Verb, string Namespace, string Name, JsonObject? Value, JsonObject? Stored);

/// <summary>A rule about writes that needs to know more than the object: other objects, the user, the request.</summary>
public interface IAdmission
{
    /// <summary>Upstream's name of the plugin.</summary>
    string Name { get; }

    /// <summary>Changes the object before it is validated, or refuses.</summary>
    ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken) => default;

    /// <summary>Refuses, knowing the object as it would be stored.</summary>
    ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken) => default;
}
