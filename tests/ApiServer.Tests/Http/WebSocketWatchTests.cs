using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.Tests.Http;

/// <summary>A browser's watch: a WebSocket over a real connection.</summary>
public sealed class WebSocketWatchTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Events_AreMessagesOfText_AndTheProtocolIsAgreedTo()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var (ns, token) = await AccountAsync();
        await using var host = await ServeAsync(cancellationToken);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        socket.Options.AddSubProtocol("base64.binary.k8s.io");
        await socket.ConnectAsync(new Uri($"ws://{host.Address}/api/v1/namespaces/{ns}/configmaps?watch=1&resourceVersion=0"), cancellationToken);
        Assert.Equal("base64.binary.k8s.io", socket.SubProtocol);

        Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"a"},"data":{"k":"v"}}""")).Code);
        var added = await ReceiveAsync(socket, cancellationToken);
        Assert.Equal(200, (await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}/configmaps/a")).Code);
        var deleted = await ReceiveAsync(socket, cancellationToken);

        Assert.Equal(("ADDED", "v"), (added["type"]!.ToString(), added["object"]!["data"]!["k"]!.ToString()));
        Assert.Equal(("DELETED", "a"), (deleted["type"]!.ToString(), deleted["object"]!["metadata"]!["name"]!.ToString()));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    [Fact]
    public async Task AWatchThatIsRefused_IsNotUpgraded()
    {
        await using var host = await ServeAsync(TestContext.Current.CancellationToken);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{host.Address}/api/v1/pods?watch=1"), TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.Unauthorized, socket.HttpStatusCode);
    }

    private async Task<(string Namespace, string Token)> AccountAsync()
    {
        var ns = await api.NamespaceAsync();
        var token = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{}}""");
        Assert.Equal(201, token.Code);
        var binding = await api.SendAsync(
            "POST", $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
            """{"metadata":{"name":"view"},"roleRef":{"kind":"ClusterRole","name":"cluster-admin","apiGroup":"rbac.authorization.k8s.io"},"subjects":[{"kind":"ServiceAccount","name":"default","namespace":""" + $"\"{ns}\"}}]}}");
        Assert.Equal(201, binding.Code);
        for (var attempt = 0; attempt < 200 && !await MayAsync(ns, token.At("status.token")); attempt++)
        {
            await Task.Yield(); // The authorizer follows the binding.
        }

        return (ns, token.At("status.token"));
    }

    private async Task<bool> MayAsync(string ns, string token) => (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps", user: null, bearer: token)).Code == 200;

    private async Task<Host> ServeAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(options => options.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(api.Server.Frontend.HandleAsync);
        await app.StartAsync(cancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new Host(app, new Uri(address).Authority);
    }

    private static async Task<JsonNode> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var received = await socket.ReceiveAsync(buffer, cancellationToken);
        Assert.Equal((WebSocketMessageType.Text, true), (received.MessageType, received.EndOfMessage));
        return JsonNode.Parse(Encoding.UTF8.GetString(buffer, 0, received.Count))!;
    }

    private sealed record Host(WebApplication App, string Address) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => App.DisposeAsync();
    }
}
