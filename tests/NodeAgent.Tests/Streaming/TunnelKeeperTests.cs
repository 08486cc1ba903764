using System.Net;
using System.Threading.Channels;
using KubeAspire.Client.Rest;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Streaming;
using KubeAspire.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Tests.Streaming;

/// <summary>A node, and API servers on loopback that ask it through the tunnels it opens.</summary>
public sealed class TunnelKeeperTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly ManualClock _clock = new();
    private readonly TunnelListener _listener = new();
    private WebApplication _node = null!;
    private TestServer _first = null!;
    private TestServer _second = null!;
    private ApiServerSet _servers = null!;
    private TunnelKeeper _keeper = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.Services.AddSingleton<IConnectionListenerFactory>(_listener);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(new TunnelEndPoint(), listen => listen.Protocols = HttpProtocols.Http2));
        _node = builder.Build();
        _node.Run(context => context.Response.WriteAsync($"the node's {context.Request.Path}"));
        await _node.StartAsync();
        (_first, _second) = (await TestServer.StartAsync(), await TestServer.StartAsync());
        _servers = new ApiServerSet(_first.Address);
        _keeper = new TunnelKeeper(
            new Kubeconfig { Server = _first.Address }, _servers, _listener, Options.Create(new NodeAgentOptions { NodeName = "node-1" }), _clock, NullLogger<TunnelKeeper>.Instance);
        await _keeper.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _keeper.StopAsync(CancellationToken.None);
        _keeper.Dispose();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task EveryServer_CanAskTheNode_AndOneThatJoins()
    {
        Assert.Equal("the node's /healthz", await AskAsync(await _first.OpenedAsync()));

        _servers.Found([_first.Address, _second.Address]);

        var second = await _second.OpenedAsync();
        Assert.Equal("the node's /healthz", await AskAsync(second));
        Assert.Equal(["/apis/kubeaspire.dev/v1/nodes/node-1/tunnel"], _second.Asked);
        Assert.Single(_first.Asked);
    }

    [Fact]
    public async Task ATunnelThatEnds_IsOpenedAgain_AndTheOthersStay()
    {
        _servers.Found([_first.Address, _second.Address]);
        var first = await _first.OpenedAsync();
        var second = await _second.OpenedAsync();

        first.End();
        var again = _first.OpenedAsync();
        while (!again.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(500));
            await Task.WhenAny(again, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken));
        }

        Assert.Equal("the node's /healthz", await AskAsync(await again));
        Assert.Equal("the node's /healthz", await AskAsync(second));
        Assert.Single(_second.Asked);
    }

    [Fact]
    public async Task AServerThatLeaves_HasNoTunnelLeft()
    {
        _servers.Found([_first.Address, _second.Address]);
        await _first.OpenedAsync();
        var second = await _second.OpenedAsync();
        Assert.Equal("the node's /healthz", await AskAsync(second));

        _servers.Found([_first.Address]);

        await second.Ended.WaitAsync(s_patience, TestContext.Current.CancellationToken);
    }

    private static Task<string> AskAsync(OpenTunnel tunnel) => tunnel.Client.GetStringAsync(new Uri("http://node/healthz"), TestContext.Current.CancellationToken).WaitAsync(s_patience);

    /// <summary>The server's end of a tunnel.</summary>
    private sealed class OpenTunnel(Stream stream)
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public HttpClient Client => field ??= new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(stream),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
        })
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        public void End() => _ended.TrySetResult();
    }

    private sealed class TestServer : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly Channel<OpenTunnel> _opened = Channel.CreateBounded<OpenTunnel>(16);
        private readonly List<OpenTunnel> _all = [];

        private TestServer(WebApplication app) => _app = app;

        public List<string> Asked { get; } = [];

        public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

        public static async Task<TestServer> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var server = new TestServer(builder.Build());
            server._app.Run(server.UpgradeAsync);
            await server._app.StartAsync();
            return server;
        }

        public Task<OpenTunnel> OpenedAsync() => _opened.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(s_patience);

        public async ValueTask DisposeAsync()
        {
            _all.ForEach(tunnel => tunnel.End());
            await _app.DisposeAsync();
        }

        private async Task UpgradeAsync(HttpContext context)
        {
            Asked.Add(context.Request.Path);
            context.Response.Headers.Upgrade = "kubeaspire-tunnel";
            await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            var tunnel = new OpenTunnel(stream);
            using var aborted = context.RequestAborted.Register(tunnel.End);
            _all.Add(tunnel);
            _opened.Writer.TryWrite(tunnel);
            await tunnel.Ended;
            tunnel.Client.Dispose();
        }
    }
}
