using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KubeAspire.ApiServer.Tests.Kinds;

/// <summary>The kinds that say how the cluster itself works, over the API.</summary>
public sealed class SystemKindsTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Certificates = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private const string Services = "/apis/apiregistration.k8s.io/v1/apiservices";
    private const string Flows = "/apis/flowcontrol.apiserver.k8s.io/v1";

    [Fact]
    public async Task EveryGroupThatIsServed_IsListedAsLocal()
    {
        var list = await api.SendAsync("GET", Services, accept: "application/json;as=Table;v=v1;g=meta.k8s.io");

        var rows = list.Json["rows"]!.AsArray().Select(row => string.Join(' ', row!["cells"]!.AsArray().Take(3))).ToList();
        Assert.Contains("v1. Local True", rows);
        Assert.Contains("v1.apps Local True", rows);
        Assert.Contains("v1.flowcontrol.apiserver.k8s.io Local True", rows);
        Assert.DoesNotContain(rows, row => row.Contains("apiregistration", StringComparison.Ordinal));
        Assert.NotEqual("", (await api.SendAsync("GET", Services + "/v1.apps")).At("status.conditions.0.lastTransitionTime"));
    }

    [Fact]
    public async Task AGroupOfAService_Answers503_UntilItIsReached()
    {
        var created = await api.SendAsync(
            "POST", Services,
            """{"metadata":{"name":"v1beta1.metrics.k8s.io"},"spec":{"group":"metrics.k8s.io","version":"v1beta1","groupPriorityMinimum":100,"versionPriority":100,"service":{"name":"m","namespace":"kube-system"}}}""");
        Assert.Equal((201, "False"), (created.Code, created.At("status.conditions.0.status")));
        Assert.Contains("503", created.Headers["Warning"].ToString(), StringComparison.Ordinal);

        var asked = await api.SendAsync("GET", "/apis/metrics.k8s.io/v1beta1/nodes");
        Assert.Equal((503, "ServiceUnavailable", "service unavailable"), (asked.Code, asked.Reason, asked.Message));

        Assert.Equal(200, (await api.SendAsync("DELETE", Services + "/v1beta1.metrics.k8s.io")).Code);
        Assert.Equal(404, (await api.SendAsync("GET", "/apis/metrics.k8s.io/v1beta1/nodes")).Code);
    }

    [Fact]
    public async Task WhoAsksForACertificate_IsWhoIsSignedIn_WhateverTheBodySays()
    {
        var created = await api.SendAsync("POST", Certificates, Request("csr-user", "\"username\":\"somebody\",\"groups\":[\"system:masters\"],"), user: "admin");

        Assert.Equal((201, "admin"), (created.Code, created.At("spec.username")));
        Assert.Contains("system:authenticated", created.At("spec.groups"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARequest_IsApproved_ThenSigned_AndNeitherCanBeTakenBack()
    {
        var created = await api.SendAsync("POST", Certificates, Request("csr-flow", ""));
        Assert.Equal(201, created.Code);
        var approved = await api.SendAsync("PUT", $"{Certificates}/csr-flow/approval", With(created, """{"certificate":"eA==","conditions":[{"type":"Approved","status":"True","reason":"Mine"}]}"""));
        Assert.Equal((200, "Approved", ""), (approved.Code, approved.At("status.conditions.0.type"), approved.At("status.certificate")));
        Assert.NotEqual("", approved.At("status.conditions.0.lastUpdateTime"));
        Assert.NotEqual("", approved.At("status.conditions.0.lastTransitionTime"));

        var withdrawn = await api.SendAsync("PUT", $"{Certificates}/csr-flow/approval", With(approved, "{}"));
        Assert.Equal((422, "Invalid"), (withdrawn.Code, withdrawn.Reason));
        var denied = await api.SendAsync("PATCH", $"{Certificates}/csr-flow/approval", """{"status":{"conditions":[{"type":"Approved","status":"True"},{"type":"Denied","status":"True"}]}}""", "application/merge-patch+json");
        Assert.Contains("mutually exclusive", denied.Message, StringComparison.Ordinal);

        var signed = await api.SendAsync("PATCH", $"{Certificates}/csr-flow/status", $$$"""{"status":{"certificate":"{{{Certificate()}}}"}}""", "application/merge-patch+json");
        Assert.Equal((200, "Approved"), (signed.Code, signed.At("status.conditions.0.type")));
        var table = await api.SendAsync("GET", $"{Certificates}/csr-flow", accept: "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal("Approved,Issued", table.At("rows.0.cells.5"));
    }

    [Fact]
    public async Task TheFlowSchemasOfEveryCluster_AreThere_AndTheMandatoryOnesStay()
    {
        var schemas = await api.SendAsync("GET", Flows + "/flowschemas", accept: "application/json;as=Table;v=v1;g=meta.k8s.io");
        var rows = schemas.Json["rows"]!.AsArray().Select(row => row!["cells"]!.AsArray()).ToDictionary(cells => cells[0]!.ToString(), cells => $"{cells[1]} {cells[2]} {cells[3]} {cells[5]}");
        Assert.Equal("exempt 1 <none> False", rows["exempt"]);
        Assert.Equal("catch-all 10000 ByUser False", rows["catch-all"]);
        Assert.Equal("workload-low 9000 ByUser False", rows["service-accounts"]);
        Assert.Equal(13, rows.Count);
        Assert.Equal(8, (await api.SendAsync("GET", Flows + "/prioritylevelconfigurations")).Json["items"]!.AsArray().Count);

        var changed = await api.SendAsync("PATCH", Flows + "/flowschemas/exempt", """{"spec":{"matchingPrecedence":2}}""", "application/merge-patch+json");
        Assert.Equal((422, "Invalid"), (changed.Code, changed.Reason));
        Assert.Contains("spec of 'exempt' must equal the fixed value", changed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheServiceRange_IsAnObject()
    {
        var range = await api.SendAsync("GET", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes");

        Assert.Equal((200, "10.96.0.0/12", "Ready"), (range.Code, range.At("spec.cidrs.0"), range.At("status.conditions.0.type")));
    }

    [Theory]
    [InlineData("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        """{"metadata":{"name":"w"},"webhooks":[{"name":"a.b.c","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"https://a/b"}}]}""", "299 - \"admission webhooks are stored but not called yet\"")]
    [InlineData("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
        """{"metadata":{"name":"b"},"spec":{"policyName":"p","validationActions":["Deny"]}}""", "299 - \"admission policies are stored but not enforced yet\"")]
    [InlineData("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
        """{"metadata":{"name":"n"},"spec":{"podSelector":{}}}""", "299 - \"NetworkPolicies are stored but not enforced yet: no traffic is refused because of them\"")]
    public async Task WhatIsStoredButNotEnforced_SaysSo(string path, string body, string warning)
    {
        var created = await api.SendAsync("POST", path, body);

        Assert.Equal(201, created.Code);
        Assert.Contains(warning, created.Headers["Warning"].ToString(), StringComparison.Ordinal);
    }

    private static string Request(string name, string more)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = Convert.ToBase64String(Encoding.ASCII.GetBytes(new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{" + more + "\"request\":\"" + pem + "\",\"signerName\":\"example.com/signer\",\"usages\":[\"client auth\"]}}";
    }

    private static string Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
    }

    private static string With(ApiResponse stored, string status)
    {
        var value = stored.Json;
        value["status"] = System.Text.Json.Nodes.JsonNode.Parse(status);
        return value.ToJsonString();
    }
}
