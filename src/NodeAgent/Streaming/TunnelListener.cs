using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary>Where the server listens for what comes through tunnels: not an address of the machine.</summary>
internal sealed class TunnelEndPoint : EndPoint
{
    public override string ToString() => "tunnel";
}

/// <summary>Says of a connection that the API server is at its other end.</summary>
internal interface ITunnelFeature;

/// <summary>Hands the streams of tunnels to the web server as connections it accepts.</summary>
internal sealed class TunnelListener : IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionListener
{
    /// <summary>Tunnels waiting to be accepted. 4: the web server takes each at once.</summary>
    private const int PendingMax = 4;

    private readonly Channel<ConnectionContext> _pending = Channel.CreateBounded<ConnectionContext>(PendingMax);

    public EndPoint EndPoint { get; } = new TunnelEndPoint();

    public bool CanBind(EndPoint endpoint) => endpoint is TunnelEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(this);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _pending.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _pending.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>Serves on a stream until either side ends it.</summary>
    public async Task ServeAsync(Stream stream, CancellationToken cancellationToken)
    {
        var connection = new TunnelConnection(stream);
        await using var stop = cancellationToken.Register(connection.Abort);
        await _pending.Writer.WriteAsync(connection, cancellationToken);
        await connection.Ended;
    }

    /// <summary>A connection over a stream.</summary>
    private sealed class TunnelConnection : DefaultConnectionContext, ITunnelFeature
    {
        private readonly Stream _stream;
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _closed = new();

        public TunnelConnection(Stream stream)
            : base(Guid.NewGuid().ToString("N"))
        {
            _stream = stream;
            Transport = new Duplex(PipeReader.Create(stream), PipeWriter.Create(stream));
            ConnectionClosed = _closed.Token;
            Features.Set<ITunnelFeature>(this);
        }

        public Task Ended => _ended.Task;

        public override void Abort(ConnectionAbortedException abortReason) => End();

        public override void Abort() => End();

        public override async ValueTask DisposeAsync()
        {
            End();
            await base.DisposeAsync();
        }

        private void End()
        {
            if (_ended.TrySetResult())
            {
                _stream.Dispose();
                _closed.Cancel();
                _closed.Dispose();
            }
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
