using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using KubeAspire.Gateway.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Gateway.Http;

/// <summary>Hands accepted sockets to Kestrel. Without TLS there is no ALPN: the first bytes tell HTTP/2 by prior knowledge from HTTP/1.1.</summary>
internal sealed class ServiceConnections : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly SocketConnectionContextFactory _contexts;
    private readonly TimeProvider _clock;
    private readonly Channel<ConnectionContext> _http1 = MakeQueue();
    private readonly Channel<ConnectionContext> _http2 = MakeQueue();

    public ServiceConnections(TimeProvider clock, ILoggerFactory loggers)
    {
        _clock = clock;
        _contexts = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger<ServiceConnections>());
    }

    // RFC 9113 §3.4: "PRI * HTTP/2.0" …; no method of HTTP/1.1 begins with these four.
    private static ReadOnlySpan<byte> Preface => "PRI "u8;

    /// <summary>Serves a connection to its end.</summary>
    public async Task ServeAsync(Socket socket, ServiceDoor door, CancellationToken cancellationToken)
    {
        var connection = _contexts.Create(socket);
        connection.Features.Set(door);
        var queued = false;
        var outcome = "no_request";
        try
        {
            using var timeout = new CancellationTokenSource(GatewayLimits.HeaderTimeout, _clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            if (await IsHttp2Async(connection, either.Token) is { } http2)
            {
                queued = (http2 ? _http2 : _http1).Writer.TryWrite(connection);
                outcome = queued ? "accepted" : "over_limit";
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ConnectionAbortedException)
        {
            // Silent for too long, or gone before the first byte.
        }
        finally
        {
            GatewayInstruments.OnConnection(door.Key, outcome);
            if (!queued)
            {
                connection.Abort();
                await connection.DisposeAsync();
            }
        }

        if (queued)
        {
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = connection.ConnectionClosed.Register(() => closed.TrySetResult());
            await closed.Task;
        }
    }

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is ServiceEndPoint;

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(endpoint, endpoint == ServiceEndPoint.Http2 ? _http2 : _http1));

    /// <inheritdoc/>
    public void Dispose() => _contexts.Dispose();

    private static Channel<ConnectionContext> MakeQueue() =>
        Channel.CreateBounded<ConnectionContext>(new BoundedChannelOptions(GatewayLimits.HttpBacklog) { FullMode = BoundedChannelFullMode.Wait });

    private static async Task<bool?> IsHttp2Async(ConnectionContext connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            var start = buffer.Slice(0, Math.Min(buffer.Length, Preface.Length)).ToArray();
            var undecided = start.Length < Preface.Length && Preface.StartsWith(start);
            connection.Transport.Input.AdvanceTo(buffer.Start, undecided ? buffer.End : buffer.Start);
            if (!undecided)
            {
                return Preface.SequenceEqual(start);
            }

            if (read.IsCompleted || read.IsCanceled)
            {
                return null;
            }
        }
    }

    private sealed class Listener(EndPoint endpoint, Channel<ConnectionContext> queue) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint { get; } = endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_unbound.Token, cancellationToken);
            try
            {
                return await queue.Reader.ReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
            {
                return null;
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default) => await _unbound.CancelAsync();

        public ValueTask DisposeAsync()
        {
            while (queue.Reader.TryRead(out var waiting))
            {
                waiting.Abort();
            }

            return ValueTask.CompletedTask;
        }
    }
}
