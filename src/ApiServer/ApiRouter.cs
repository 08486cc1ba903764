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

        if (_handlers.TryGetValue((info.Group, info.Resource, info.Subresource), out var handler))
        {
            return handler(request, cancellationToken);
        }

        var kind = _kinds.Find(info.Group, info.Version, info.Resource);
        if (kind is null || (info.Namespace.Length > 0 && !kind.Type.Namespaced && info.Resource != "namespaces"))
        {
            return kind is null ? ElsewhereAsync(request, cancellationToken) : Refused(ApiErrors.PathNotFound());
        }

        if (info.Subresource.Length > 0 && kind.Subresources.All(subresource => subresource.Name != info.Subresource))
        {
            return Refused(ApiErrors.PathNotFound());
        }

        if (kind is CustomResourceKind { Deprecation: { } deprecation })
        {
            request.Warnings.Add(deprecation);
        }

        return info.Subresource == "scale" && kind.Scale is { } scale && Scale is not null
            ? Scale(kind, scale)(request, cancellationToken) : _verbs.RunAsync(request, kind, cancellationToken);
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
