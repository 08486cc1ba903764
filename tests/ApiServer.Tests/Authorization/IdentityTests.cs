using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeAspire.ApiServer.Tests.Authorization;

/// <summary>Who one may be: bootstrap tokens, the issuer's documents, impersonation.</summary>
public sealed class IdentityTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string WhoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    [Fact]
    public async Task TheIssuersDocuments_CheckAToken_WithoutAskingTheServer()
    {
        var ns = await api.NamespaceAsync();
        var token = (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{}}""")).At("status.token").Split('.');
        var configuration = await api.SendAsync("GET", "/.well-known/openid-configuration");
        Assert.Equal(200, configuration.Code);
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(token[1]))!;
        Assert.Equal(claims["iss"]!.ToString(), configuration.At("issuer"));
        Assert.EndsWith("/openid/v1/jwks", configuration.At("jwks_uri"), StringComparison.Ordinal);

        var keys = await api.SendAsync("GET", "/openid/v1/jwks");
        Assert.Equal("application/jwk-set+json", keys.Headers.ContentType.ToString());
        var header = JsonNode.Parse(Base64Url.DecodeFromChars(token[0]))!;
        Assert.Equal(header["kid"]!.ToString(), keys.At("keys.0.kid"));
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(keys.At("keys.0.x")), Y = Base64Url.DecodeFromChars(keys.At("keys.0.y")) },
        });
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{token[0]}.{token[1]}"), Base64Url.DecodeFromChars(token[2]), HashAlgorithmName.SHA256));
    }

    [Fact]
    public async Task TheIssuersDocuments_AreForAccounts_NotForTheAnonymous()
    {
        var ns = await api.NamespaceAsync();
        var token = (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{}}""")).At("status.token");
        Assert.Equal(200, (await api.SendAsync("GET", "/openid/v1/jwks", user: null, bearer: token)).Code);
        Assert.Equal(401, (await api.SendAsync("GET", "/openid/v1/jwks", user: null)).Code);
        Assert.Equal(403, (await api.SendAsync("GET", "/openid/v1/jwks", user: "somebody")).Code);
    }

    [Theory]
    [InlineData("""["vault"]""", """["vault","other"]""", """["vault"]""")]
    [InlineData("""["vault","shop"]""", """["shop"]""", """["shop"]""")]
    [InlineData("""["vault"]""", """["shop"]""", null)]
    [InlineData("""["vault"]""", "[]", null)]
    public async Task ATokenReview_TellsWhichOfTheAudiencesAreMeant(string meant, string asked, string? told)
    {
        var ns = await api.NamespaceAsync();
        var token = (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", $$$"""{"spec":{"audiences":{{{meant}}} } }""")).At("status.token");
        var review = await api.SendAsync("POST", "/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{token}}}","audiences":{{{asked}}} } }""");
        Assert.Equal(201, review.Code);
        Assert.Equal(told is null ? "false" : "true", review.Json["status"]!["authenticated"]?.ToJsonString() ?? "false");
        Assert.Equal(told, review.Json["status"]!["audiences"]?.ToJsonString());
    }

    [Fact]
    public async Task WhatAdmissionAddsToAPod_ItsMakerDidNotSet()
    {
        var ns = await api.NamespaceAsync();
        var made = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        var fields = made.Json["metadata"]!["managedFields"]![0]!["fieldsV1"]!["f:spec"]!.AsObject();
        Assert.Equal(
            ["f:containers", "f:dnsPolicy", "f:enableServiceLinks", "f:restartPolicy", "f:schedulerName", "f:securityContext", "f:terminationGracePeriodSeconds"],
            fields.Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.NotEmpty(made.At("spec.serviceAccountName"));
    }

    [Theory]
    [InlineData("abc123", "true", "", "", 201)]
    [InlineData("abc124", "false", "", "", 401)]
    [InlineData("abc125", "true", "2020-01-01T00:00:00Z", "", 401)]
    [InlineData("abc126", "true", "2999-01-01T00:00:00Z", "system:bootstrappers:workers", 201)]
    [InlineData("abc127", "true", "", "system:masters", 401)]
    public async Task ABootstrapToken_IsGood_WhileItsSecretSaysSo(string id, string usage, string expiration, string groups, int code)
    {
        static string Data(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var secret = $$$"""
            {"metadata":{"name":"bootstrap-token-{{{id}}}"},"type":"bootstrap.kubernetes.io/token","data":{"token-id":"{{{Data(id)}}}","token-secret":"{{{Data("0123456789abcdef")}}}",
             "usage-bootstrap-authentication":"{{{Data(usage)}}}","expiration":"{{{Data(expiration)}}}","auth-extra-groups":"{{{Data(groups)}}}"} }
            """;
        Assert.Equal(201, (await api.SendAsync("POST", "/api/v1/namespaces/kube-system/secrets", secret)).Code);
        var answer = await api.SendAsync("POST", WhoAmI, "{}", user: null, bearer: $"{id}.0123456789abcdef");
        Assert.Equal(code, answer.Code);
        if (code == 201)
        {
            Assert.Equal("system:bootstrap:" + id, answer.At("status.userInfo.username"));
            Assert.Contains("system:bootstrappers", answer.At("status.userInfo.groups"), StringComparison.Ordinal);
            Assert.True(groups.Length == 0 || answer.At("status.userInfo.groups").Contains(groups, StringComparison.Ordinal));
            Assert.Equal(401, (await api.SendAsync("POST", WhoAmI, "{}", user: null, bearer: $"{id}.0123456789abcdeX")).Code);
            Assert.Equal(401, (await api.SendAsync("POST", WhoAmI, "{}", user: null, bearer: $"{id}.fedcba9876543210")).Code);
        }
    }

    [Fact]
    public async Task Impersonation_NeedsARight_ForEveryPartThatIsClaimed()
    {
        var all = await AsAsync("admin", ("Impersonate-User", "jane"), ("Impersonate-Group", "dev"), ("Impersonate-Uid", "7"), ("Impersonate-Extra-scopes", "view"));
        Assert.Equal("jane", all.At("status.userInfo.username"));
        Assert.Equal("7", all.At("status.userInfo.uid"));
        Assert.Equal("dev", all.At("status.userInfo.groups.0"));
        Assert.Equal("view", all.At("status.userInfo.extra.scopes.0"));

        Assert.Equal(403, (await AsAsync("mallory", ("Impersonate-User", "jane"))).Code);
        Assert.Equal(403, (await AsAsync("mallory", ("Impersonate-User", "system:serviceaccount:default:default"))).Code);
        Assert.Equal(400, (await AsAsync("admin", ("Impersonate-Group", "dev"))).Code);

        var account = await AsAsync("admin", ("Impersonate-User", "system:serviceaccount:ns:sa"));
        Assert.Equal("system:serviceaccounts", account.At("status.userInfo.groups.0"));
        var anonymous = await AsAsync("admin", ("Impersonate-User", "system:anonymous"));
        Assert.Equal(401, anonymous.Code);

        // The right to be one user is not the right to be in a group.
        const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";
        await api.SendAsync("POST", Rbac + "clusterroles", """{"metadata":{"name":"be-jane"},"rules":[{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"],"resourceNames":["jane"]}]}""");
        await api.SendAsync(
            "POST", Rbac + "clusterrolebindings",
            """{"metadata":{"name":"be-jane"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"be-jane"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"bob"}]}""");
        var bob = Authentication.ApiUser.Named("bob");
        while (!api.Server.Index.RulesOf(bob, "").Any(rule => rule.Resources?.Contains("users") == true))
        {
            await Task.Yield();
        }

        Assert.Equal(201, (await AsAsync("bob", ("Impersonate-User", "jane"))).Code);
        Assert.Equal(403, (await AsAsync("bob", ("Impersonate-User", "jane"), ("Impersonate-Group", "system:masters"))).Code);
        Assert.Equal(403, (await AsAsync("bob", ("Impersonate-User", "jane"), ("Impersonate-Uid", "1"))).Code);
        Assert.Equal(403, (await AsAsync("bob", ("Impersonate-User", "jane"), ("Impersonate-Extra-k", "v"))).Code);
        Assert.Equal(403, (await AsAsync("bob", ("Impersonate-User", "admin"))).Code);
    }

    private Task<ApiResponse> AsAsync(string user, params (string Name, string Value)[] headers) => api.SendAsync("POST", WhoAmI, "{}", user: user, headers: headers);
}
