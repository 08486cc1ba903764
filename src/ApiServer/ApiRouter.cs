using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.CustomResources;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer;

/// <summary>Answers a request that is about no ordinary object: a subresource, a review, discovery.</summary>
public delegate Task<ApiAnswer> ApiHandler(ApiRequest request, CancellationToken cancellationToken);

/// <summary>Brings an authorized request to the verb, subresource or path that answers it.</summary>
public sealed class ApiRouter
{
    private readonly KindRegistry _kinds;
    private readonly VerbSet _verbs;
    private readonly Dictionary<(string Group, string Resource, string Subresource), ApiHandler> _handlers = [];
    private readonly Dictionary<string, ApiHandler> _roots = new(StringComparer.Ordinal);

    internal ApiRouter(KindRegistry kinds, VerbSet verbs)
    {
        (_kinds, _verbs) = (kinds, verbs);
    }

    /// <summary>Answers for a group and version that this server does not serve itself; null where nobody does.</summary>
    public Func<RequestInfo, CancellationToken, ValueTask<ApiError?>>? Elsewhere { get; init; }

    /// <summary>Waits for a kind that this server is about to serve; says whether it does now.</summary>
    public Func<RequestInfo, CancellationToken, ValueTask<bool>>? Late { get; init; }

    /// <summary>Serves <c>scale</c> of a kind that has one.</summary>
    public Func<ResourceKind, ScaleMapping, ApiHandler>? Scale { get; init; }

    /// <summary>Serves a subresource or, with an empty subresource, a review. Before the first request only.</summary>
    public void Add(string group, string resource, string subresource, ApiHandler handler) => _handlers[(group, resource, subresource)] = handler;

    /// <summary>Serves the paths that begin with a segment, such as <c>version</c>. Before the first request only.</summary>
    public void AddRoot(string segment, ApiHandler handler) => _roots[segment] = handler;

    /// <summary>Answers.</summary>
    public Task<ApiAnswer> DispatchAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var info = request.Info;
        if (!info.IsResource)
        {
            return _roots.TryGetValue(info.Segments.Count == 0 ? "" : info.Segments[0], out var root)
                ? root(request, cancellationToken) : Refused(ApiErrors.PathNotFound());
        }

        var kind = _kinds.Find(info.Group, info.Version, info.Resource);
        var isHandled = _handlers.TryGetValue((info.Group, info.Resource, info.Subresource), out var handler);
        if (kind is null && !isHandled)
        {
            return ElsewhereAsync(request, cancellationToken);
        }

        if (ScopeError(info, kind) is { } error)
        {
            return Refused(error);
        }

        if (isHandled)
        {
            return handler!(request, cancellationToken);
        }

        if (info.Subresource.Length > 0 && kind!.Subresources.All(subresource => subresource.Name != info.Subresource))
        {
            return Refused(ApiErrors.PathNotFound());
        }

        if (kind is CustomResourceKind { Deprecation: { } deprecation })
        {
            request.Warnings.Add(deprecation);
        }

        return info.Subresource == "scale" && kind!.Scale is { } scale && Scale is not null
            ? Scale(kind, scale)(request, cancellationToken) : _verbs.RunAsync(request, kind!, cancellationToken);
    }

    /// <summary>Whether a resource is served at all, in any scope: what metrics may name.</summary>
    public bool Serves(RequestInfo info) => info.IsResource
        && (_handlers.ContainsKey((info.Group, info.Resource, info.Subresource))
            || (_kinds.Find(info.Group, info.Version, info.Resource) is { } kind && (info.Subresource.Length == 0 || kind.Subresources.Any(subresource => subresource.Name == info.Subresource))));

    // A right within a namespace is no right on what no namespace holds: who may do all within one must not reach the rest of the cluster by a path
    // that leads through it (CVE-2019-11247), be it a kind, a subresource or a review.
    private ApiError? ScopeError(RequestInfo info, ResourceKind? kind)
    {
        if ((kind?.Type ?? _kinds.FindReview(info.Group, info.Version, info.Resource)?.Type) is not { } type)
        {
            return info.IsWithinNamespace || info.Version != "v1" ? ApiErrors.PathNotFound() : null; // Our own: the cluster's.
        }

        if (type.Namespaced == info.IsWithinNamespace)
        {
            return null;
        }

        // The objects of all namespaces can be listed and watched together, nothing else.
        return !type.Namespaced || kind is null || info.IsNamed ? ApiErrors.PathNotFound() : info.Verb is "list" or "watch" ? null : ApiErrors.MethodNotAllowed();
    }

    private async Task<ApiAnswer> ElsewhereAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (Elsewhere is not null && await Elsewhere(request.Info, cancellationToken) is { } refused)
        {
            return refused;
        }

        return Late is not null && await Late(request.Info, cancellationToken) ? await DispatchAsync(request, cancellationToken) : ApiErrors.PathNotFound();
    }

    private static Task<ApiAnswer> Refused(ApiError error) => Task.FromResult<ApiAnswer>(error);
}
