using System.Diagnostics;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer;

/// <summary>
/// The one chain that every request passes, in order: authentication (done by whoever brings the request: the socket from its
/// certificate or token, a caller in process by its name) → impersonation → fairness → authorization → the handler, which decodes,
/// defaults, admits, validates and compares-and-swaps.
/// </summary>
/// <remarks>Audit belongs between authentication and impersonation; it has no stage until it is built.</remarks>
public sealed class ApiPipeline(Authorizer authorizer, Impersonation impersonation, InFlightLimits limits, ApiRouter router)
{
    // Paths that tell nothing but whether the server lives, and its version: open to probes without credentials.
    private static readonly HashSet<string> s_open = ["/healthz", "/livez", "/readyz", "/version"];

    /// <inheritdoc cref="ApiRouter.Serves"/>
    public bool Serves(RequestInfo info) => router.Serves(info);

    /// <summary>Answers a request whose user is known.</summary>
    public async Task<ApiAnswer> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (await impersonation.ApplyAsync(request) is { } refused)
        {
            return refused;
        }

        using var slot = limits.TryEnter(request.Info.Verb);
        if (slot is null)
        {
            return ApiErrors.TooManyRequests("Too many requests, please try again later.", 1);
        }

        if (await AuthorizeAsync(request, cancellationToken) is { } forbidden)
        {
            return forbidden;
        }

        return CheckDryRun(request) is { } broken ? broken : await router.DispatchAsync(request, cancellationToken);
    }

    private async ValueTask<ApiError?> AuthorizeAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var (user, info) = (request.User, request.Info);
        if (!info.IsResource && (s_open.Contains(info.Path) || (info.Segments.Count > 1 && info.Segments[0] is "livez" or "readyz" or "healthz")))
        {
            return null;
        }

        if (user.Groups.Contains("system:unauthenticated"))
        {
            return ApiErrors.Unauthorized();
        }

        var question = info.IsResource
            ? new AccessQuestion
            {
                Verb = info is { Group: "kubeaspire.dev", Subresource: "tunnel" } ? "create" : info.Verb,
                Group = info.Group,
                Resource = info.ResourcePath,
                Namespace = info.Resource == "namespaces" ? "" : info.Namespace,
                Name = info.Name,
            }
            : new AccessQuestion { Verb = info.Verb, Path = info.Path };
        if (await authorizer.AllowsAsync(user, question, request.Query["fieldSelector"], cancellationToken) || (info.Resource == "namespaces" && info.IsResource && authorizer.Allows(user, question with { Namespace = info.Namespace })))
        {
            return null;
        }

        Activity.Current?.SetTag("error.type", "Forbidden");
        return Refusal.ForbiddenTo(user, info);
    }

    private static ApiError? CheckDryRun(ApiRequest request)
    {
        if (request.Info.ProxyPath is not null)
        {
            return null; // The query is the backend's.
        }

        foreach (var value in request.Query.All("dryRun"))
        {
            if (value != "All")
            {
                var options = request.Info.Verb switch { "create" => "CreateOptions", "update" => "UpdateOptions", "patch" => "PatchOptions", _ => "DeleteOptions" };
                return Refusal.Options(options, FieldError.NotSupported("dryRun", value, ["All"]));
            }
        }

        return null;
    }
}
