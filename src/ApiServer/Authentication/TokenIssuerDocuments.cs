using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>How others check a service account's token without asking: the issuer's OpenID Connect discovery document and its keys.</summary>
/// <remarks>OpenID Connect Discovery 1.0 as far as upstream serves it, and RFC 7517 for the keys.</remarks>
internal static class TokenIssuerDocuments
{
    /// <summary>Where the keys are.</summary>
    public const string KeysPath = "/openid/v1/jwks";

    /// <summary>The discovery document.</summary>
    /// <param name="address">Where this server is reached, as <c>https://host:port</c>.</param>
    public static ApiAnswer Configuration(string address) => new RawAnswer(Encoding.UTF8.GetBytes(new JsonObject
    {
        ["issuer"] = ServiceAccountTokens.Issuer,
        ["jwks_uri"] = address + KeysPath,
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    }.ToJsonString()), "application/json");

    /// <summary>The public half of the key that signs tokens.</summary>
    public static ApiAnswer Keys(ServiceAccountTokens tokens)
    {
        var key = tokens.PublicKey;
        return new RawAnswer(Encoding.UTF8.GetBytes(new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig",
                ["kty"] = "EC",
                ["kid"] = tokens.KeyId,
                ["crv"] = "P-256",
                ["alg"] = "ES256",
                ["x"] = System.Buffers.Text.Base64Url.EncodeToString(key.Q.X),
                ["y"] = System.Buffers.Text.Base64Url.EncodeToString(key.Q.Y),
            }),
        }.ToJsonString()), "application/jwk-set+json");
    }
}
