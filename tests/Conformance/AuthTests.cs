using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Certificate requests, and who may do what.</summary>
public sealed class AuthTests(ControlPlane api)
{
    [Conformance("[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations")]
    public async Task CertificateRequests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest("CN=e2e.example.com", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var request = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
        await new ApiOperations(api)
        {
            Group = "certificates.k8s.io", Kind = "CertificateSigningRequest", Plural = "certificatesigningrequests",
            Make = _ => JsonNode.Parse($$$"""{"spec":{"request":"{{{request}}}","signerName":"example.com/e2e-signer","usages":["digital signature","key encipherment","server auth"],"expirationSeconds":3600} }""")!.AsObject(),
        }.RunAsync();

        const string Path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        var made = (await api.SendAsync("POST", Path, $$$"""{"metadata":{"generateName":"e2e-"},"spec":{"request":"{{{request}}}","signerName":"example.com/e2e-signer","usages":["server auth"]} }""")).Expect(201);
        var one = $"{Path}/{made.At("metadata.name")}";
        Assert.Equal("kubernetes-admin", made.At("spec.username"));
        (await api.SendAsync("GET", one + "/approval")).Expect(200);
        var approval = made.Json;
        approval["status"] = JsonNode.Parse("""{"conditions":[{"type":"Approved","status":"True","reason":"E2E","message":"Set from an e2e test"}]}""");
        Assert.Equal("Approved", (await api.SendAsync("PUT", one + "/approval", approval.ToJsonString())).Expect(200).At("status.conditions.0.type"));
        (await api.SendAsync("PATCH", one + "/approval", """{"metadata":{"annotations":{"patchedapproval":"true"}}}""")).Expect(200);
        // Approval writes no certificate, status no approval.
        var status = (await api.SendAsync("PATCH", one + "/status", """{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"conditions":[]}}""")).Expect(200);
        Assert.Equal("Approved", status.At("status.conditions.0.type"));
        Assert.Equal("true", status.At("metadata.annotations.patchedstatus"));
        (await api.SendAsync("DELETE", one)).Expect(200);
        (await api.SendAsync("GET", one)).ExpectRefusal(404, "NotFound");
    }

    [Conformance("[sig-auth] SubjectReview should support SubjectReview API operations")]
    public async Task SubjectReviews()
    {
        var ns = await api.NamespaceAsync();
        (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts", """{"metadata":{"name":"e2e"}}""")).Expect(201);
        var user = $"system:serviceaccount:{ns}:e2e";
        const string Reviews = "/apis/authorization.k8s.io/v1/";
        string Review(string verb) => $$$"""{"spec":{"user":"{{{user}}}","resourceAttributes":{"verb":"{{{verb}}}","resource":"configmaps","namespace":"{{{ns}}}","version":"v1"} }}""";
        Assert.Equal("false", (await api.SendAsync("POST", Reviews + "subjectaccessreviews", Review("get"))).Expect(201).At("status.allowed"));

        const string Rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/";
        (await api.SendAsync("POST", $"{Rbac}{ns}/roles", """{"metadata":{"name":"reader"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["get"]}]}""")).Expect(201);
        (await api.SendAsync(
            "POST", $"{Rbac}{ns}/rolebindings",
            $$$"""{"metadata":{"name":"reader"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"},"subjects":[{"kind":"ServiceAccount","name":"e2e","namespace":"{{{ns}}}"}]}""")).Expect(201);
        var attempts = 0;
        while ((await api.SendAsync("POST", Reviews + "subjectaccessreviews", Review("get"))).At("status.allowed") != "true")
        {
            Assert.True(++attempts < 1000, "the right never counted");
        }

        Assert.Equal("false", (await api.SendAsync("POST", Reviews + "subjectaccessreviews", Review("delete"))).At("status.allowed"));
        Assert.Equal("true", (await api.SendAsync("POST", $"{Reviews}namespaces/{ns}/localsubjectaccessreviews", Review("get"))).Expect(201).At("status.allowed"));
        // As the account itself.
        const string Own = """{"spec":{"resourceAttributes":{"verb":"get","resource":"configmaps","namespace":"@","version":"v1"}}}""";
        var self = await api.SendAsync("POST", Reviews + "selfsubjectaccessreviews", Own.Replace("@", ns, StringComparison.Ordinal), headers: ("Impersonate-User", user));
        Assert.Equal("true", self.Expect(201).At("status.allowed"));
    }
}
