using System.Text;
using System.Threading.Channels;
using KubeAspire.NodeAgent.Streaming.Spdy;

namespace KubeAspire.NodeAgent.Streaming.Remote;

/// <summary>Exec and attach over SPDY/3.1: a stream each for input, output, error output, outcome and terminal size, versions 1 to 4.</summary>
internal sealed class SpdyRemoteStreams : RemoteStreams
{
    private readonly SpdyConnection _connection;
    private readonly Dictionary<string, SpdyStream> _streams = [];
    private readonly Channel<SpdyStream> _opened = Channel.CreateBounded<SpdyStream>(new BoundedChannelOptions(StreamLimits.SpdyStreamsMax) { FullMode = BoundedChannelFullMode.Wait });
    private readonly List<string> _wanted;
    private readonly bool _status;
    private Task _pumps = Task.CompletedTask;

    /// <summary>Streams of a conversation.</summary>
    /// <param name="transport">The client's bytes.</param>
    /// <param name="options">What was asked for: the client opens a stream for each.</param>
    /// <param name="protocol">Version of the protocol.</param>
    /// <param name="idle">Watches for silence.</param>
    public SpdyRemoteStreams(Stream transport, RemoteOptions options, string protocol, IdleClock idle)
        : base(idle)
    {
        _connection = new SpdyConnection(transport, stream => _opened.Writer.TryWrite(stream));
        _status = protocol is "v4.channel.k8s.io" or "v5.channel.k8s.io";
        var resizes = _status || protocol == "v3.channel.k8s.io";
        _wanted = ["error"];
        _wanted.AddRange(options.Stdin ? ["stdin"] : []);
        _wanted.AddRange(options.Stdout ? ["stdout"] : []);
        _wanted.AddRange(options.Stderr ? ["stderr"] : []);
        _wanted.AddRange(options.Tty && resizes ? ["resize"] : []);
    }

    /// <summary>Waits until the client has opened the streams that it announced.</summary>
    /// <returns>False where it did not in time.</returns>
    public async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (_wanted.Exists(type => !_streams.ContainsKey(type)))
            {
                var stream = await _opened.Reader.ReadAsync(cancellationToken);
                _streams.TryAdd(stream.Header("streamtype"), stream);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChannelClosedException)
        {
            return false;
        }

        _pumps = Task.WhenAll(PumpInputAsync(), PumpSizesAsync());
        return true;
    }

    public override async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _connection.RunAsync(cancellationToken);
        }
        finally
        {
            _opened.Writer.TryComplete();
        }
    }

    public override ValueTask WriteAsync(bool stderr, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Idle.Touch();
        return _streams[stderr ? "stderr" : "stdout"].WriteAsync(bytes, cancellationToken);
    }

    public override async Task FinishAsync(RemoteOutcome outcome, CancellationToken cancellationToken)
    {
        var bytes = _status ? outcome.Status : Encoding.UTF8.GetBytes(outcome.Text);
        if (_streams.TryGetValue("error", out var error) && bytes.Length > 0)
        {
            await error.WriteAsync(bytes, cancellationToken);
        }

        foreach (var stream in _streams.Values)
        {
            await stream.CloseAsync(cancellationToken);
        }

        await _connection.LeaveAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _pumps;
        await _connection.DisposeAsync();
    }

    private async Task PumpInputAsync()
    {
        try
        {
            if (_streams.TryGetValue("stdin", out var stdin))
            {
                await stdin.CopyToAsync(bytes => TakeInputAsync(bytes, CancellationToken.None), CancellationToken.None);
            }
        }
        catch (IOException)
        {
            // The stream was reset: there is no more input.
        }
        finally
        {
            EndInput();
        }
    }

    private async Task PumpSizesAsync()
    {
        try
        {
            if (_streams.TryGetValue("resize", out var resize))
            {
                await resize.CopyToAsync(
                    bytes =>
                    {
                        TakeSize(bytes.Span);
                        return ValueTask.CompletedTask;
                    },
                    CancellationToken.None);
            }
        }
        catch (IOException)
        {
            // The stream was reset, or told no size: the terminal keeps the last one.
        }
    }
}
