using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>Ingress: which server a host and a path lead to, with which certificate, and what is said where none does.</summary>
[Collection(SharedCluster.Name)]
public sealed class IngressTests(ClusterFixture fixture)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private Cluster Cluster => fixture.Cluster;

    [Fact]
    public async Task AnIngress_ChoosesByHostAndPath_ShowsTheSecretsCertificate_AndSaysWhyNot()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "svc-ingress");
        using var one = Certificate("one.test");
        using var two = Certificate("two.test");
        await ns.ApplyServersAsync("exact");
        await ns.ApplyServersAsync("deep");
        await ns.ServeAsync("root");
        foreach (var name in new[] { "exact", "deep", "root" })
        {
            await ns.KubectlAsync($"rollout status deployment/{name} --timeout=60s");
            await ns.ServiceAsync(name, name);
            await ns.RoutedAsync(name, await ns.PodsAsync(name));
        }

        await ns.KubectlAsync("apply -f -", Secret("one", one) + "---\n" + Secret("two", two) + """
            ---
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: routes}
            spec:
              tls: [{hosts: [one.test], secretName: one}, {hosts: [two.test], secretName: two}]
              rules:
              - host: one.test
                http:
                  paths:
                  - {path: /, pathType: Prefix, backend: {service: {name: root, port: {number: 80}}}}
                  - {path: /host/deep, pathType: Prefix, backend: {service: {name: deep, port: {name: http}}}}
                  - {path: /host, pathType: Exact, backend: {service: {name: exact, port: {name: http}}}}
                  - {path: /missing, pathType: Exact, backend: {service: {name: missing, port: {number: 80}}}}
              - host: two.test
                http: {paths: [{path: /only, pathType: Exact, backend: {service: {name: root, port: {number: 80}}}}]}
              - host: '*.wild.test'
                http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: deep, port: {number: 80}}}}]}
            """);
        await Eventually.IsAsync("the routes", s_patience, () => Web.AskAsync(Cluster.Ingress, "one.test"), answer => answer.Status == 200);
        Assert.StartsWith("exact-", (await Web.AskAsync(new Uri(Cluster.Ingress, "/host"), "one.test")).Text, StringComparison.Ordinal);
        Assert.StartsWith("root-", (await Web.AskAsync(Cluster.Ingress, "one.test")).Text, StringComparison.Ordinal);
        Assert.StartsWith("root-", (await Web.AskAsync(Cluster.Ingress, "ONE.test:80")).Text, StringComparison.Ordinal);
        Assert.StartsWith("deep-", (await Web.AskAsync(new Uri(Cluster.Ingress, "/host"), "a.wild.test")).Text, StringComparison.Ordinal);
        // A prefix goes by whole elements: these two reach different servers, neither of which has such a page.
        Assert.Equal(404, (await Web.AskAsync(new Uri(Cluster.Ingress, "/host/deep/er"), "one.test")).Status);
        var missing = await Web.AskAsync(new Uri(Cluster.Ingress, "/missing"), "one.test");
        Assert.Equal(503, missing.Status);
        Assert.Contains("missing", missing.Text, StringComparison.Ordinal);
        foreach (var (host, path) in new[] { ("two.test", "/other"), ("unknown.test", "/"), ("a.b.wild.test", "/"), ("wild.test", "/") })
        {
            var nowhere = await Web.AskAsync(new Uri(Cluster.Ingress, path), host);
            Assert.Equal((404, "404 Not Found: no Ingress routes this host and path\n"), nowhere);
        }

        Assert.Equal(one.Thumbprint, await ShownAsync("one.test"));
        Assert.Equal(two.Thumbprint, await ShownAsync("two.test"));
        Assert.NotEqual(one.Thumbprint, await ShownAsync("unknown.test"));
        Assert.StartsWith("exact-", await SecureAsync("one.test", "/host", one), StringComparison.Ordinal);

        await ns.KubectlAsync("apply -f -", """
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: rest}
            spec: {defaultBackend: {service: {name: deep, port: {name: http}}}}
            """);
        var rest = await Eventually.IsAsync("the default backend", s_patience, () => Web.AskAsync(new Uri(Cluster.Ingress, "/host"), "unknown.test"), answer => answer.Status == 200);
        Assert.StartsWith("deep-", rest.Text, StringComparison.Ordinal);
        await ns.KubectlAsync("delete ingress rest routes");
        await Eventually.IsAsync("no routes", s_patience, () => Web.AskAsync(Cluster.Ingress, "one.test"), answer => answer.Status == 404);
    }

    // The certificate that a handshake for a name shows.
    private async Task<string> ShownAsync(string name)
    {
        await using var stream = await Web.ConnectAsync(IPAddress.Loopback, Cluster.HttpsPort, CancellationToken.None);
        var shown = "";
        await using var tls = new SslStream(stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => (shown = certificate?.GetCertHashString() ?? "").Length > 0);
        await tls.AuthenticateAsClientAsync(name);
        return shown;
    }

    private async Task<string> SecureAsync(string host, string path, X509Certificate2 trusted)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = (_, cancelled) => Web.ConnectAsync(IPAddress.Loopback, Cluster.HttpsPort, cancelled) };
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(trusted);
        using var client = new HttpClient(handler);
        return await client.GetStringAsync(new Uri($"https://{host}{path}"));
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
    }

    private static string Secret(string name, X509Certificate2 certificate) => $$"""
        apiVersion: v1
        kind: Secret
        metadata: {name: {{name}}}
        type: kubernetes.io/tls
        data:
          tls.crt: {{Base64(certificate.ExportCertificatePem())}}
          tls.key: {{Base64(certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem())}}

        """;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
