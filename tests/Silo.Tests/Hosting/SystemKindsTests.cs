using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KubeAspire.Silo.Tests.Hosting;

/// <summary>An unmodified kubectl and the kinds that say how the cluster works; its typed commands read protobuf.</summary>
public sealed class SystemKindsTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    private const string Policy = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: only-web, namespace: default}
        spec:
          podSelector: {matchLabels: {app: db}}
          ingress:
          - from: [{podSelector: {matchLabels: {app: web}}}]
            ports: [{port: 5432}]
        """;

    [Fact]
    public async Task TheClusterItself_CanBeListed()
    {
        await silo.RequireKubectlAsync();

        Assert.Matches(@"v1\.apps +Local +True ", await OkAsync("get apiservices"));
        Assert.Matches(@"exempt +exempt +1 +<none> +\S+ +False", await OkAsync("get flowschemas"));
        Assert.Matches(@"workload-low +Limited +100 +128 +6 +50 ", await OkAsync("get prioritylevelconfigurations"));
        Assert.Matches(@"kubernetes +10\.96\.0\.0/12 ", await OkAsync("get servicecidrs"));
        Assert.Contains("Matching Precedence:  9000", await OkAsync("describe flowschema service-accounts"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANetworkPolicy_IsDescribed_AndSaysThatItIsNotEnforced()
    {
        await silo.RequireKubectlAsync();
        var file = Path.Combine(silo.Folder, "policy.yaml");
        await File.WriteAllTextAsync(file, Policy, TestContext.Current.CancellationToken);

        var applied = await OkAsync($"apply -f {file}");
        Assert.Contains("Warning: NetworkPolicies are stored but not enforced yet", applied, StringComparison.Ordinal);
        var described = await OkAsync("describe networkpolicy only-web");
        Assert.Contains("To Port: 5432/TCP", described, StringComparison.Ordinal);
        Assert.Contains("Not affecting egress traffic", described, StringComparison.Ordinal);
        Assert.Matches("only-web +app=db ", await OkAsync("get netpol"));
    }

    [Fact]
    public async Task ARequestForACertificate_IsApproved()
    {
        await silo.RequireKubectlAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Convert.ToBase64String(Encoding.ASCII.GetBytes(new CertificateRequest("CN=ann", key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
        var file = Path.Combine(silo.Folder, "request.yaml");
        await File.WriteAllTextAsync(
            file,
            $$"""
            apiVersion: certificates.k8s.io/v1
            kind: CertificateSigningRequest
            metadata: {name: ann}
            spec: {request: {{request}}, signerName: example.com/people, expirationSeconds: 86400, usages: [client auth]}
            """,
            TestContext.Current.CancellationToken);

        await OkAsync($"create -f {file}");
        Assert.Matches(@"ann +\S+ +example\.com/people +kubernetes-admin +24h +Pending", await OkAsync("get csr"));
        Assert.Contains("certificatesigningrequest.certificates.k8s.io/ann approved", await OkAsync("certificate approve ann"), StringComparison.Ordinal);
        Assert.Matches(@"kubernetes-admin +24h +Approved", await OkAsync("get csr ann"));
        Assert.Contains("Common Name:    ann", await OkAsync("describe csr ann"), StringComparison.Ordinal);
    }

    private async Task<string> OkAsync(string arguments)
    {
        var (code, text) = await silo.RunAsync(arguments);
        Assert.True(code == 0, $"kubectl {arguments}: {text}");
        return text;
    }
}
