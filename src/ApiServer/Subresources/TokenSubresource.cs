using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources;
using KubeAspire.Resources.Authentication;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Subresources;

/// <summary><c>serviceaccounts/token</c>: a token for an account, bound to a pod or secret where asked.</summary>
internal sealed class TokenSubresource(IStateEngine engine, ServiceAccountTokens tokens, WritePath path, ResourceKind accounts, TimeProvider clock)
{
    private const long ShortestSeconds = 600;
    private const long DefaultSeconds = 3600;
    private static readonly Schema s_schema = BuiltInTypes.Schemas.Find("io.k8s.api.authentication.v1.TokenRequest")!;

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Info.Verb != "create")
        {
            return ApiErrors.MethodNotAllowed();
        }

        var decoded = await Decoding.ReadAsync<TokenRequest>(request, s_schema, cancellationToken);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var (ns, name) = (request.Info.Namespace, request.Info.Name);
        var asked = decoded.Value;
        var seconds = asked.Spec.ExpirationSeconds ?? DefaultSeconds;
        if (seconds < ShortestSeconds)
        {
            return ApiErrors.Invalid(
                TokenRequest.ResourceType, name, [FieldError.Invalid("spec.expirationSeconds", $"{seconds}", "may not specify a duration less than 10 minutes")]);
        }

        var life = TimeSpan.FromSeconds(Math.Min(seconds, (long)ApiLimits.LongestToken.TotalSeconds));
        if (await engine.GetAsync(Objects.KeyOf(ServiceAccount.ResourceType, ns, name), cancellationToken) is not { } entry)
        {
            return ApiErrors.NotFound(ServiceAccount.ResourceType, name);
        }

        var account = entry.View<IKubernetesObject>(stored => KubernetesJson.Read<ServiceAccount>(stored.Json.Span));
        var tree = JsonNode.Parse(KubernetesJson.Write(asked))!.AsObject();
        var admission = new AdmissionRequest(accounts, request.Info, request.User, "create", ns, name, tree, null) { DryRun = request.DryRun, Warnings = request.Warnings };
        if (await path.AdmitAsync(admission, cancellationToken) is { } refused)
        {
            return refused;
        }

        TokenBinding? binding = null;
        if (asked.Spec.BoundObjectRef is { } reference)
        {
            var bound = await BindAsync(ns, name, reference, cancellationToken);
            if (!bound.Succeeded)
            {
                return bound.Error;
            }

            binding = bound.Value;
        }

        var audiences = asked.Spec.Audiences is { Count: > 0 } given ? given : [ServiceAccountTokens.Issuer];
        var token = tokens.Issue(ns, name, account.Metadata.Uid ?? "", audiences, life, binding);
        var answer = asked with
        {
            ApiVersion = TokenRequest.ResourceType.ApiVersion,
            Kind = TokenRequest.ResourceType.Kind,
            Metadata = asked.Metadata with { Name = name, Namespace = ns, CreationTimestamp = clock.GetUtcNow() },
            Spec = asked.Spec with { Audiences = audiences, ExpirationSeconds = (long)life.TotalSeconds },
            Status = new TokenRequestStatus { Token = token, ExpirationTimestamp = clock.GetUtcNow() + life },
        };
        return new ObjectAnswer(KubernetesJson.Write(answer), null, 201);
    }

    private async Task<ApiResult<TokenBinding>> BindAsync(string ns, string account, BoundObjectReference reference, CancellationToken cancellationToken)
    {
        var type = reference.Kind switch { "Pod" => Pod.ResourceType, "Secret" => Secret.ResourceType, _ => null };
        var name = reference.Name ?? "";
        if (type is null)
        {
            return ApiErrors.BadRequest($"cannot bind token for serviceaccount \"{account}\" to object of kind \"{reference.Kind}\"");
        }

        if (await engine.GetAsync(Objects.KeyOf(type, ns, name), cancellationToken) is not { } entry)
        {
            return ApiErrors.NotFound(type, name);
        }

        var value = entry.View<IKubernetesObject>(stored => type == Pod.ResourceType ? KubernetesJson.Read<Pod>(stored.Json.Span) : KubernetesJson.Read<Secret>(stored.Json.Span));
        if (reference.Uid is { Length: > 0 } uid && uid != value.Metadata.Uid)
        {
            return ApiErrors.Conflict(type, name, $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        return value is Pod pod && pod.Spec.ServiceAccountName != account
            ? ApiErrors.BadRequest($"cannot bind token for serviceaccount \"{account}\" to pod running with different serviceaccount name.")
            : new TokenBinding(type.Kind.ToLowerInvariant(), name, value.Metadata.Uid ?? "");
    }
}
