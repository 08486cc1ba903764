using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Nodes;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;
using Microsoft.AspNetCore.Http;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary><c>pods/proxy</c>, <c>services/proxy</c> and <c>nodes/proxy</c>: HTTP of any method, and upgrades, through the node's tunnel.</summary>
internal sealed class ProxySubresource(IStateEngine engine, KindRegistry kinds, WritePath path, NodeTunnels tunnels, TimeProvider clock, Random random)
{
    private readonly ProxyTargets _targets = new(engine, random);
    private readonly ProxyExchange _exchange = new(tunnels, clock);

    /// <summary>A port of a pod.</summary>
    public Task<ApiAnswer> PodAsync(ApiRequest request, CancellationToken cancellationToken) =>
        RunAsync(request, Pod.ResourceType, () => _targets.PodAsync(request.Info.Namespace, request.Info.Name, cancellationToken), cancellationToken);

    /// <summary>A port of a service.</summary>
    public Task<ApiAnswer> ServiceAsync(ApiRequest request, CancellationToken cancellationToken) =>
        RunAsync(request, Service.ResourceType, () => _targets.ServiceAsync(request.Info.Namespace, request.Info.Name, cancellationToken), cancellationToken);

    /// <summary>What a node's agent tells of itself: its health, its pods, logs of their containers. Nothing that changes or runs anything.</summary>
    public async Task<ApiAnswer> NodeAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (ProxyName.Parse(request.Info.Name) is not { Scheme: not "http" } name || request.Http is not { } http)
        {
            return ApiErrors.BadRequest($"invalid node request \"{request.Info.Name}\"");
        }

        if (await engine.GetAsync(Objects.KeyOf(Node.ResourceType, "", name.Name), cancellationToken) is null)
        {
            return ApiErrors.NotFound(Node.ResourceType, name.Name);
        }

        if (await AdmitAsync(request, Node.ResourceType, cancellationToken) is { } refused)
        {
            return refused;
        }

        if (Upgrade.IsAsked(http) || http.Request.Method is not ("GET" or "HEAD"))
        {
            return ApiErrors.MethodNotAllowed();
        }

        var asked = request.Info.ProxyPath ?? "";
        if (asked is not ("/healthz" or "/healthz/" or "/pods" or "/pods/") && !(asked.StartsWith("/containerLogs/", StringComparison.Ordinal) && IsPlain(asked)))
        {
            return ApiErrors.PathNotFound();
        }

        return tunnels.Find(name.Name) is { } node
            ? new StreamAnswer(context => NodeAnswer.WriteAsync(context, node, asked + context.Request.QueryString.Value))
            : ApiErrors.ServiceUnavailable($"error trying to reach service: node \"{name.Name}\" is not connected");
    }

    // One segment each for namespace, pod and container, none of which could be read as another path.
    private static bool IsPlain(string path)
    {
        var segments = path.Split('/');
        return segments.Length == 5 && segments.Skip(2).All(segment => segment.Length > 0 && segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') && segment is not ("." or ".."));
    }

    private async Task<ApiAnswer> RunAsync(ApiRequest request, ApiMachinery.Meta.ResourceType type, Func<Task<ApiResult<ProxyTarget>>> find, CancellationToken cancellationToken)
    {
        if (request.Http is not { } http)
        {
            return ApiErrors.MethodNotAllowed();
        }

        var target = await find();
        if (!target.Succeeded)
        {
            return target.Error;
        }

        if (await AdmitAsync(request, type, cancellationToken) is { } refused)
        {
            return refused;
        }

        var asked = request.Info.ProxyPath ?? "";
        var prefix = $"{type.RootPath}/namespaces/{request.Info.Namespace}/{type.Plural}/{request.Info.Name}/proxy";
        if (asked.Length == 0 && !Upgrade.IsAsked(http))
        {
            // Relative links of the page that answers would otherwise lead out of it (kubernetes#4958).
            return new StreamAnswer(context =>
            {
                context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
                context.Response.Headers.Location = $"{prefix}/{context.Request.QueryString.Value}";
                return Task.CompletedTask;
            });
        }

        return new StreamAnswer(context => _exchange.ToPodAsync(context, target.Value, prefix, asked.Length == 0 ? "/" : asked));
    }

    private async Task<ApiError?> AdmitAsync(ApiRequest request, ApiMachinery.Meta.ResourceType type, CancellationToken cancellationToken)
    {
        var admission = new AdmissionRequest(kinds.Of(type), request.Info, request.User, "connect", request.Info.Namespace, request.Info.Name, null, null) { Warnings = request.Warnings };
        return await path.MutateAsync(admission, cancellationToken) ?? await path.AdmitAsync(admission, cancellationToken);
    }
}
