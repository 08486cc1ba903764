using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Networking;
using static KubeAspire.Gateway.Tests.GatewayFixture;
using IPAddress = System.Net.IPAddress;

namespace KubeAspire.Gateway.Tests;

#pragma warning disable CA5359 // The tests look at the certificates themselves, which no authority signed.

public sealed class IngressTests
{
    [Fact]
    public async Task Requests_AreRoutedByHostAndPath_AndTheStatusShowsTheAddress()
    {
        await using var web = await Backend.StartAsync("web");
        await using var api = await Backend.StartAsync("api");
        await using var gateway = await StartAsync(client =>
        {
            SeedService(client, "web", "127.96.3.1", web);
            SeedService(client, "api", "127.96.3.2", api);
            client.Seed(Ingress("shop", null, ("shop.test", "/", "web"), ("shop.test", "/api", "api"), ("shop.test", "/broken", "missing")));
        });

        Assert.Equal((HttpStatusCode.OK, "web HTTP/1.1"), await GetAsync(gateway, "shop.test", "/"));
        Assert.Equal((HttpStatusCode.OK, "api HTTP/1.1"), await GetAsync(gateway, "shop.test", "/api/v1"));
        Assert.Equal((HttpStatusCode.OK, "web HTTP/1.1"), await GetAsync(gateway, "shop.test", "/apis"));
        Assert.Equal((HttpStatusCode.NotFound, "404 Not Found: no Ingress routes this host and path\n"), await GetAsync(gateway, "else.test", "/"));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "503 Service Unavailable: service \"default/missing\" does not exist or has no ports\n"),
            await GetAsync(gateway, "shop.test", "/broken"));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (gateway.Api.Find<Ingress>("default", "shop")!.Status.LoadBalancer?.Ingress?[0].Ip != "192.0.2.10")
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task WhatAClientClaimsAboutItself_IsReplaced()
    {
        await using var web = await Backend.StartAsync("web");
        await using var gateway = await StartAsync(client =>
        {
            SeedService(client, "web", "127.96.3.1", web);
            client.Seed(Ingress("shop", null, ("shop.test", "/", "web")));
        });

        var (_, headers) = await GetAsync(gateway, "shop.test", "/headers", request =>
        {
            request.Headers.Add("X-Forwarded-For", "203.0.113.1");
            request.Headers.Add("X-Forwarded-Proto", "https");
            request.Headers.Add("X-Remote-User", "admin");
            request.Headers.Add("Forwarded", "for=203.0.113.1");
        });

        Assert.Contains("X-Forwarded-For: 127.0.0.1", headers, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Proto: http", headers, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Host: shop.test", headers, StringComparison.Ordinal);
        Assert.Contains("Host: shop.test", headers, StringComparison.Ordinal);
        Assert.DoesNotContain("203.0.113.1", headers, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Remote-User", headers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_AreChosenByServerName_AndReplacedWhileRunning()
    {
        await using var web = await Backend.StartAsync("web");
        await using var gateway = await StartAsync(client =>
        {
            SeedService(client, "web", "127.96.3.1", web);
            client.Seed(TlsSecret("tls-a", "a.test", "first"));
            client.Seed(TlsSecret("tls-b", "b.test", "other"));
            client.Seed(Ingress("a", new IngressTLS { Hosts = ["a.test"], SecretName = "tls-a" }, ("a.test", "/", "web")));
            client.Seed(Ingress("b", new IngressTLS { Hosts = ["b.test"], SecretName = "tls-b" }, ("b.test", "/", "web")));
        });

        Assert.Equal("O=first, CN=a.test", await CertificateOfAsync(gateway, "a.test"));
        Assert.Equal("O=other, CN=b.test", await CertificateOfAsync(gateway, "b.test"));
        Assert.Equal("CN=kubeaspire-gateway-fallback", await CertificateOfAsync(gateway, "c.test"));

        gateway.Api.Seed(TlsSecret("tls-a", "a.test", "second"));
        await gateway.WhenAsync(table => table.Ingress.FindCertificate("a.test") is { } found && found.ResourceVersion == gateway.Api.Find<Secret>("default", "tls-a")!.Metadata.ResourceVersion);
        Assert.Equal("O=second, CN=a.test", await CertificateOfAsync(gateway, "a.test"));
    }

    [Theory]
    [InlineData("a.test", "a.test", HttpStatusCode.OK)]
    [InlineData("a.test", "b.test", HttpStatusCode.MisdirectedRequest)]
    public async Task AConnectionForOneHost_DoesNotServeAnother(string serverName, string host, HttpStatusCode expected)
    {
        await using var web = await Backend.StartAsync("web");
        await using var gateway = await StartAsync(client =>
        {
            SeedService(client, "web", "127.96.3.1", web);
            client.Seed(TlsSecret("tls-a", "a.test", "first"));
            client.Seed(Ingress("a", new IngressTLS { Hosts = ["a.test"], SecretName = "tls-a" }, ("a.test", "/", "web"), ("b.test", "/", "web")));
        });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, gateway.HttpsPort);
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(serverName);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(tls);

        Assert.StartsWith($"HTTP/1.1 {(int)expected} ", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABodyOverTheLimit_IsRefused()
    {
        await using var web = await Backend.StartAsync("web");
        await using var gateway = await StartAsync(
            client =>
            {
                SeedService(client, "web", "127.96.3.1", web);
                client.Seed(Ingress("shop", null, ("shop.test", "/", "web")));
            },
            settings => settings["Gateway:MaxIngressBodyBytes"] = "1024");
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{gateway.HttpPort}/echo") { Headers = { Host = "shop.test" }, Content = new ByteArrayContent(new byte[2048]) };

        using var answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task TheIngressClass_IsCreatedWhereItIsMissing()
    {
        await using var gateway = await StartAsync(api => api.DeleteAsync(IngressClass.ResourceType, null, "kubeaspire", new DeleteOptions(), CancellationToken.None).GetAwaiter().GetResult());

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (gateway.Api.Find<IngressClass>(null, "kubeaspire") is null)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        var created = gateway.Api.Find<IngressClass>(null, "kubeaspire")!;
        Assert.Equal(("kubeaspire.dev/gateway", "true"), (created.Spec.Controller, created.Metadata.Annotations!["ingressclass.kubernetes.io/is-default-class"]));
    }

    private static void SeedService(Testing.Api.FakeApiClient api, string name, string clusterIP, Backend pod)
    {
        api.Seed(Service(name, clusterIP, new ServicePort { Port = 80 }));
        api.Seed(Slice(name, pod.Name, pod.Port));
    }

    private static Ingress Ingress(string name, IngressTLS? tls, params (string Host, string Path, string Service)[] paths) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Spec = new IngressSpec
        {
            IngressClassName = "kubeaspire",
            Tls = tls is null ? null : [tls],
            Rules =
            [
                .. paths.Select(path => new IngressRule
                {
                    Host = path.Host,
                    Http = new HTTPIngressRuleValue
                    {
                        Paths =
                        [
                            new HTTPIngressPath
                            {
                                Path = path.Path,
                                PathType = "Prefix",
                                Backend = new IngressBackend { Service = new IngressServiceBackend { Name = path.Service, Port = new ServiceBackendPort { Number = 80 } } },
                            },
                        ],
                    },
                }),
            ],
        },
    };

    private static Secret TlsSecret(string name, string host, string organization)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"O={organization}, CN={host}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return new Secret
        {
            Metadata = new ObjectMeta { Name = name, Namespace = "default" },
            Type = "kubernetes.io/tls",
            Data = new Dictionary<string, byte[]>
            {
                ["tls.crt"] = Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()),
                ["tls.key"] = Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()),
            },
        };
    }

    private static async Task<(HttpStatusCode Status, string Text)> GetAsync(GatewayFixture gateway, string host, string path, Action<HttpRequestMessage>? change = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{gateway.HttpPort}{path}") { Headers = { Host = host } };
        change?.Invoke(request);
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string> CertificateOfAsync(GatewayFixture gateway, string serverName)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, gateway.HttpsPort);
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(serverName);
        return tls.RemoteCertificate!.Subject;
    }
}
