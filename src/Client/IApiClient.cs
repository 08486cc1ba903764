using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Client;

/// <summary>
/// The Kubernetes API as typed calls. One implementation speaks HTTP (Rest); another, in the API server, skips the socket and
/// nothing else: the same authentication, authorization, admission and validation answer both.
/// </summary>
/// <remarks>
/// Refusals are returned, not thrown. Exceptions are for what has no answer: <see cref="HttpRequestException"/> where the server
/// cannot be reached, <see cref="OperationCanceledException"/>. Calls carry the current <see cref="System.Diagnostics.Activity"/>.
/// </remarks>
public interface IApiClient
{
    /// <summary>Reads one object.</summary>
    Task<ApiResult<T>> GetAsync<T>(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>Reads a collection whole (all pages), or one namespace of it.</summary>
    Task<ApiResult<ObjectList<T>>> ListAsync<T>(ResourceType type, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>
    /// Follows a collection from a revision. Ends normally when the server closes the watch; an event of type
    /// <see cref="WatchEventType.Error"/> carries the refusal (410 Expired: list again) and is the last.
    /// </summary>
    IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(ResourceType type, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>Stores a new object; its metadata says the namespace.</summary>
    Task<ApiResult<T>> CreateAsync<T>(ResourceType type, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>Posts to a subresource of an object: binding, eviction, token.</summary>
    Task<ApiResult<TAnswer>> CreateSubresourceAsync<TBody, TAnswer>(ResourceType type, string? ns, string name, string subresource, TBody body, CancellationToken cancellationToken)
        where TBody : class
        where TAnswer : class;

    /// <summary>Replaces an object, or its <c>status</c>. A resourceVersion in the metadata makes it conditional.</summary>
    Task<ApiResult<T>> UpdateAsync<T>(ResourceType type, T value, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>Patches an object, or a subresource of it.</summary>
    Task<ApiResult<T>> PatchAsync<T>(ResourceType type, string? ns, string name, ApiPatch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>Deletes an object. The answer is the object on its way out, or a Status when it is gone: either is success.</summary>
    Task<ApiError?> DeleteAsync(ResourceType type, string? ns, string name, DeleteOptions options, CancellationToken cancellationToken);

    /// <summary>Deletes the objects of a collection that a query selects.</summary>
    Task<ApiError?> DeleteCollectionAsync(ResourceType type, string? ns, ListQuery query, DeleteOptions options, CancellationToken cancellationToken);
}

/// <summary>What to list or watch.</summary>
public sealed record ListQuery
{
    /// <summary>Everything, consistently.</summary>
    public static ListQuery All { get; } = new();

    /// <summary>Only objects whose labels match, such as <c>app=web,tier!=cache</c>.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Only objects whose fields match, such as <c>spec.nodeName=node-1</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The revision to list at or watch from.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>How <see cref="ResourceVersion"/> is meant for a list: <c>Exact</c> or <c>NotOlderThan</c>.</summary>
    public string? ResourceVersionMatch { get; init; }

    /// <summary>Watch: send the current objects first, then a bookmark that says so.</summary>
    public bool SendInitialEvents { get; init; }

    /// <summary>Watch: send bookmarks.</summary>
    public bool AllowBookmarks { get; init; } = true;

    /// <summary>Watch: the server closes after so long. Null for the server's choice.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>A list and the revision it shows.</summary>
public sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion)
    where T : class;

/// <summary>What happened to an object.</summary>
public enum WatchEventType
{
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

/// <summary>One event of a watch. A bookmark's object has a resourceVersion and little else.</summary>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object, ApiError? Error)
    where T : class;

/// <summary>The media types of a patch.</summary>
public enum PatchKind
{
    /// <summary>application/merge-patch+json.</summary>
    Merge,

    /// <summary>application/json-patch+json.</summary>
    Json,

    /// <summary>application/strategic-merge-patch+json.</summary>
    StrategicMerge,

    /// <summary>application/apply-patch+yaml: server-side apply.</summary>
    Apply,
}

/// <summary>A patch.</summary>
/// <param name="Kind">What the body is.</param>
/// <param name="Body">UTF-8 JSON.</param>
public sealed record ApiPatch(PatchKind Kind, ReadOnlyMemory<byte> Body)
{
    /// <summary>Who patches; required for <see cref="PatchKind.Apply"/>.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Apply: take fields from other managers.</summary>
    public bool Force { get; init; }
}
