using System.Net;
using System.Security.Authentication;
using KubeAspire.Client.Rest;
using KubeAspire.Resources.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Tests.Rest;

/// <summary>Against a real server on loopback: HTTP/2, the cluster's own CA, a client certificate.</summary>
public sealed class RestOverTlsTests : IAsyncLifetime
{
    private readonly TestPki _pki = new("cluster");
    private readonly TestPki _stranger = new("stranger");
    private readonly TaskCompletionSource _seen = new();
    private WebApplication? _server;
    private Uri? _address;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = _pki.Issue("CN=kube-apiserver", IPAddress.Loopback);
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (_, _, _) => true;
            https.SslProtocols = SslProtocols.None;
        })));
        _server = builder.Build();
        _server.MapGet("/api/v1/nodes/{name}", (string name, HttpContext context) => Results.Text(
            $$"""{"metadata":{"name":"{{name}}","labels":{"protocol":"{{context.Request.Protocol}}","subject":"{{context.Connection.ClientCertificate?.Subject}}"} } }""", "application/json"));
        _server.MapGet("/api/v1/pods", async context =>
        {
            await context.Response.WriteAsync("""{"type":"ADDED","object":{"metadata":{"name":"first"}}}""" + "\n");
            await context.Response.Body.FlushAsync();
            await _seen.Task;
            context.Abort();
        });
        await _server.StartAsync();
        _address = new Uri(_server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _pki.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public async Task SpeaksHttp2_AsTheCertificatesSubject()
    {
        using var client = Client(_pki);
        var node = (await client.GetAsync<Node>(null, "n", CancellationToken.None)).Value!;
        Assert.Equal("HTTP/2", node.Metadata.Labels!["protocol"]);
        Assert.Equal("CN=system:node:n, O=system:nodes", node.Metadata.Labels["subject"]);
    }

    [Fact]
    public async Task AServerOfAnotherAuthority_IsNotTalkedTo()
    {
        using var client = Client(_stranger);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.DeleteAsync<Node>(null, "n", new ApiMachinery.Meta.DeleteOptions(), CancellationToken.None));
    }

    [Fact]
    public async Task AWatchThatTheServerAborts_DeliversWhatCame_AndThrows()
    {
        using var client = Client(_pki);
        var seen = new List<string?>();
        await Assert.ThrowsAsync<HttpRequestException>(async () =>
        {
            await foreach (var change in client.WatchAsync<Pod>(null, ListQuery.All, CancellationToken.None))
            {
                seen.Add(change.Object!.Metadata.Name);
                _seen.TrySetResult();
            }
        });
        Assert.Equal(["first"], seen);
    }

    private RestApiClient Client(TestPki trusted) => new(
        new Kubeconfig
        {
            Server = _address!,
            CertificateAuthorities = [trusted.Authority],
            ClientCertificate = _pki.Issue("CN=system:node:n, O=system:nodes"),
        },
        "test", TimeProvider.System);
}
