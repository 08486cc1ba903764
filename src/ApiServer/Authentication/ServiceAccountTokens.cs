using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>What a token is bound to: it is good only as long as this object lives.</summary>
public sealed record TokenBinding(string Kind, string Name, string Uid);

/// <summary>Issues and checks the tokens of service accounts: signed JWTs (ES256) in upstream's form.</summary>
public sealed class ServiceAccountTokens(ECDsa key, IStateEngine engine, TimeProvider clock)
{
    /// <summary>The issuer, and the audience of a token that asks for none.</summary>
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";

    private const int MostTokenBytes = 16 * 1024;
    private static readonly TimeSpan s_clockSkew = TimeSpan.FromSeconds(10);
    private readonly string _keyId = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    /// <summary>Names the key in a token's header and in the issuer's key set.</summary>
    public string KeyId => _keyId;

    /// <summary>The public half of the key.</summary>
    public ECParameters PublicKey
    {
        get
        {
            lock (key)
            {
                return key.ExportParameters(includePrivateParameters: false);
            }
        }
    }

    /// <summary>Makes a token.</summary>
    public string Issue(string ns, string name, string uid, IReadOnlyList<string> audiences, TimeSpan life, TokenBinding? binding)
    {
        var now = clock.GetUtcNow();
        var facts = new JsonObject { ["namespace"] = ns, ["serviceaccount"] = new JsonObject { ["name"] = name, ["uid"] = uid } };
        if (binding is not null)
        {
            facts[binding.Kind] = new JsonObject { ["name"] = binding.Name, ["uid"] = binding.Uid };
        }

        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(audience => JsonValue.Create(audience))]),
            ["exp"] = (now + life).ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = Issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = facts,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{ns}:{name}",
        };
        var header = new JsonObject { ["alg"] = "ES256", ["kid"] = _keyId };
        var head = $"{Part(header)}.{Part(claims)}";
        lock (key)
        {
            return $"{head}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(head), HashAlgorithmName.SHA256))}";
        }
    }

    /// <summary>The user of a token; null where it is not ours, has run out, or its account or what it is bound to is gone.</summary>
    /// <param name="token">The token.</param>
    /// <param name="audiences">At least one of these must be meant; empty for the API server.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<CheckedToken?> CheckAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        if (token.Length > MostTokenBytes || Verify(token) is not { } claims)
        {
            return null;
        }

        var now = clock.GetUtcNow();
        if (claims.Text("iss") != Issuer || claims.Number("exp") is not { } exp || claims.Number("nbf") is not { } nbf
            || DateTimeOffset.FromUnixTimeSeconds(exp) <= now || DateTimeOffset.FromUnixTimeSeconds(nbf) > now + s_clockSkew)
        {
            return null;
        }

        var meant = claims["aud"] is JsonArray ? claims.Texts("aud") : [claims.Text("aud")];
        var met = meant.Intersect(audiences.Count == 0 ? [Issuer] : audiences).ToList();
        if (met.Count == 0 || claims["kubernetes.io"] is not JsonObject facts)
        {
            return null;
        }

        var ns = facts.Text("namespace");
        var account = facts["serviceaccount"] as JsonObject ?? [];
        var (name, uid) = (account.Text("name"), account.Text("uid"));
        if (!await LivesAsync<ServiceAccount>(new StateKey("serviceaccounts", ns, name), uid, cancellationToken))
        {
            return null;
        }

        var extra = new Dictionary<string, IReadOnlyList<string>>
        {
            ["authentication.kubernetes.io/credential-id"] = [$"JTI={claims.Text("jti")}"],
        };
        if (facts["pod"] is JsonObject pod)
        {
            if (!await LivesAsync<Pod>(new StateKey("pods", ns, pod.Text("name")), pod.Text("uid"), cancellationToken))
            {
                return null;
            }

            extra["authentication.kubernetes.io/pod-name"] = [pod.Text("name")];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.Text("uid")];
        }

        if (facts["secret"] is JsonObject secret && !await LivesAsync<Secret>(new StateKey("secrets", ns, secret.Text("name")), secret.Text("uid"), cancellationToken))
        {
            return null;
        }

        var user = new ApiUser($"system:serviceaccount:{ns}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{ns}", ApiUser.AuthenticatedGroup]) { Uid = uid, Extra = extra };
        return new CheckedToken(user, met);
    }

    private JsonObject? Verify(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return null;
        }

        try
        {
            if (JsonNode.Parse(Base64Url.DecodeFromChars(parts[0])) is not JsonObject header || header.Text("alg") != "ES256")
            {
                return null;
            }

            lock (key)
            {
                if (!key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256))
                {
                    return null;
                }
            }

            return JsonNode.Parse(Base64Url.DecodeFromChars(parts[1])) as JsonObject;
        }
        catch (Exception broken) when (broken is FormatException or JsonException or CryptographicException)
        {
            return null;
        }
    }

    private async ValueTask<bool> LivesAsync<T>(StateKey key, string uid, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        await engine.GetAsync(key, cancellationToken) is { } entry
        && entry.View<IKubernetesObject>(stored => KubernetesJson.Read<T>(stored.Json.Span)).Metadata.Uid == uid;

    private static string Part(JsonObject value) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(value.ToJsonString()));
}

/// <summary>A token that holds.</summary>
/// <param name="User">Whose it is.</param>
/// <param name="Audiences">Those of the audiences asked for that it is meant for.</param>
public sealed record CheckedToken(ApiUser User, IReadOnlyList<string> Audiences);
