using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Text;
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

    /// <summary>Longest refusal of a node that is passed on, bytes.</summary>
    private const int MostErrorBytes = 4096;

    /// <summary>
    /// Tunnels of one node at a time. 4: a node may know this server by several addresses, and comes back before its last tunnel is known to be dead.
    /// </summary>
    private const int TunnelsOfNode = 4;

    // The newest first: it is the one that is asked.
    private readonly ConcurrentDictionary<string, ImmutableList<Tunnel>> _tunnels = new(StringComparer.Ordinal);
    private int _open;

    /// <summary>A client of a node's paths; null where the node has no tunnel now.</summary>
    public HttpClient? Find(string node) => _tunnels.TryGetValue(node, out var tunnels) && tunnels is [var newest, ..] ? newest.Client : null;

    /// <summary>
    /// Opens a stream of bytes to a node: for one conversation, and gone with it. Nothing else can ever be asked on it.
    /// </summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="target">Path and query at the node.</param>
    /// <param name="transport">What the bytes are: <c>websocket</c>, <c>spdy</c> or <c>raw</c>.</param>
    /// <param name="protocol">The protocol inside; may be empty.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The stream, to be disposed; or the node's refusal.</returns>
    /// <remarks>An extended CONNECT (RFC 8441) on the tunnel's HTTP/2 connection.</remarks>
    public async Task<ApiResult<Stream>> OpenAsync(string node, string target, string transport, string protocol, CancellationToken cancellationToken)
    {
        if (Find(node) is not { } client)
        {
            return ApiErrors.InternalError($"node \"{node}\" is not connected");
        }

        using var request = new HttpRequestMessage(HttpMethod.Connect, target) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Protocol = transport;
        if (protocol.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("X-Stream-Protocol", protocol);
        }

        try
        {
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return new NodeStream(await response.Content.ReadAsStreamAsync(cancellationToken), response, Count);
            }

            using (response)
            {
                return await RefusalOf(response, cancellationToken);
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException || (broken is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return ApiErrors.InternalError($"node \"{node}\": {broken.Message}");
        }
    }

    /// <summary>Streams open now.</summary>
    public int OpenStreams => Volatile.Read(ref _open);

    /// <summary>A node's refusal in the words of the API.</summary>
    internal static async Task<ApiError> RefusalOf(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MostErrorBytes];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        var text = Encoding.UTF8.GetString(buffer, 0, length).Trim();
        return (int)response.StatusCode switch
        {
            400 => ApiErrors.BadRequest(text),
            404 => new ApiError(ApiErrorReason.NotFound, text.Length == 0 ? "the server could not find the requested resource" : text),
            502 => ApiErrors.ServiceUnavailable(text),
            _ => ApiErrors.InternalError(text),
        };
    }

    private void Count(int change) => Interlocked.Add(ref _open, change);

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
        foreach (var tunnel in _tunnels.Values.SelectMany(tunnels => tunnels))
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
        var all = _tunnels.AddOrUpdate(node, [tunnel], (_, others) => others.Insert(0, tunnel));
        foreach (var oldest in all.Skip(TunnelsOfNode))
        {
            oldest.Close();
        }

        logger.TunnelOpened(node);
        using var aborted = http.RequestAborted.Register(tunnel.Close);
        await tunnel.Closed;
        _tunnels.AddOrUpdate(node, [], (_, others) => others.Remove(tunnel));
        _tunnels.TryRemove(new KeyValuePair<string, ImmutableList<Tunnel>>(node, []));
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
