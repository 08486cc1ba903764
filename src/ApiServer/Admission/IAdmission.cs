using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Admission;

/// <summary>What is to be admitted.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Info">The request.</param>
/// <param name="User">Who asks.</param>
/// <param name="Verb"><c>create</c>, <c>update</c>, <c>delete</c> or <c>connect</c> (a stream or a proxied request; there is no object then): a patch is the update, or the create, that it comes down to.</param>
/// <param name="Namespace">Namespace of the object.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Value">The object as it is to be stored; null for a delete and for connect.</param>
/// <param name="Stored">The object as it is stored; null for a create and for connect.</param>
public sealed record AdmissionRequest(
    ResourceKind Kind, RequestInfo Info, ApiUser User, string Verb, string Namespace, string Name, JsonObject? Value, JsonObject? Stored)
{
    /// <summary>Whether nothing will be stored: a plugin must then count nothing either.</summary>
    public bool DryRun { get; init; }

    /// <summary>The options of a delete; null for other verbs.</summary>
    public DeleteOptions? DeleteOptions { get; init; }

    /// <summary>Where a plugin says what the user should hear though the write is admitted.</summary>
    public ICollection<string> Warnings { get; init; } = [];

    /// <summary>What the write holds until its end is known; null where nothing is stored.</summary>
    internal WriteHold? Hold { get; init; }

    /// <summary>Whether the write is about the main half of an object of this kind, not a subresource.</summary>
    public bool IsMain(ResourceType type) => Kind.Type == type && Info.Subresource.Length == 0;

    /// <summary>The new object as its kind's record.</summary>
    public T View<T>()
        where T : class, IKubernetesObject => (T)Kind.Decode(CanonicalJson.EncodeValue(Value!));

    /// <summary>The stored object as its kind's record.</summary>
    public T StoredView<T>()
        where T : class, IKubernetesObject => (T)Kind.Decode(CanonicalJson.EncodeValue(Stored!));
}

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
