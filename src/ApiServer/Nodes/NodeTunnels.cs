using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.Nodes;

/// <summary>
/// The way from the API server to a node: the node dials in and turns its connection around, so that no node needs to be reachable.
/// Over the stream the API server is an HTTP/2 client and the node agent the server.
/// </summary>
public sealed class NodeTunnels(ILogger<NodeTunnels> logger) : IDisposable
{
    /// <summary>The Upgrade token.</summary>
    public const string Protocol = "kubeaspire-tunnel";

    private readonly ConcurrentDictionary<string, Tunnel> _tunnels = new(StringComparer.Ordinal);

    /// <summary>A client of a node's paths; null where the node has no tunnel now.</summary>
    public HttpClient? Find(string node) => _tunnels.TryGetValue(node, out var tunnel) ? tunnel.Client : null;

    /// <summary>Answers the node's upgrade; the connection then lives as long as either side keeps it.</summary>
    public Task<ApiAnswer> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Http is not { } http || http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }
            || !string.Equals(http.Request.Headers.Upgrade, Protocol, StringComparison.OrdinalIgnoreCase))
        {
            return Task.FromResult<ApiAnswer>(ApiErrors.BadRequest($"the tunnel is opened by an HTTP/1.1 upgrade to {Protocol}"));
        }

        return Task.FromResult<ApiAnswer>(new StreamAnswer(context => ServeAsync(context, request.Info.Name)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tunnel in _tunnels.Values)
        {
            tunnel.Close();
        }
    }

    private async Task ServeAsync(HttpContext http, string node)
    {
        http.Response.Headers.Upgrade = Protocol;
        http.Response.Headers.Connection = "Upgrade";
        await using var stream = await http.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
        using var tunnel = new Tunnel(stream);
        _tunnels.AddOrUpdate(node, tunnel, (_, old) =>
        {
            old.Close(); // The node came back before we noticed that it had gone.
            return tunnel;
        });
        logger.TunnelOpened(node);
        using var aborted = http.RequestAborted.Register(tunnel.Close);
        await tunnel.Closed;
        _tunnels.TryRemove(new KeyValuePair<string, Tunnel>(node, tunnel));
        logger.TunnelClosed(node);
    }

    private sealed class Tunnel : IDisposable
    {
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly WatchedStream _stream;
        private int _taken;

        public Tunnel(Stream stream)
        {
            _stream = new WatchedStream(stream, Close);
            // The two bounds are of the protocol's ping: a node whose line is cut is noticed within a minute.
            Client = new HttpClient(new SocketsHttpHandler
            {
                ConnectCallback = (_, _) => Interlocked.Exchange(ref _taken, 1) == 0
                    ? ValueTask.FromResult<Stream>(_stream) : ValueTask.FromException<Stream>(new IOException("the tunnel's connection has ended")),
                EnableMultipleHttp2Connections = false,
                KeepAlivePingDelay = TimeSpan.FromSeconds(20),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
                KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
                UseProxy = false,
                AutomaticDecompression = DecompressionMethods.None,
            })
            {
                BaseAddress = new Uri("http://node"),
                DefaultRequestVersion = HttpVersion.Version20,
                DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Timeout = Timeout.InfiniteTimeSpan,
            };
        }

        public HttpClient Client { get; }

        public Task Closed => _closed.Task;

        public void Close() => _closed.TrySetResult();

        public void Dispose() => Client.Dispose();
    }
}
