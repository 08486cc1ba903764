using System.IO.Pipelines;
using System.Threading.Channels;

namespace KubeAspire.NodeAgent.Streaming.Remote;

/// <summary>The client's side of an exec or an attach, whatever protocol it speaks.</summary>
internal abstract class RemoteStreams : IAsyncDisposable
{
    private readonly Pipe _input = new(new PipeOptions(
        pauseWriterThreshold: StreamLimits.AheadBytes, resumeWriterThreshold: StreamLimits.AheadBytes / 2, useSynchronizationContext: false));
    private readonly Channel<TerminalSize> _sizes = Channel.CreateBounded<TerminalSize>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly TerminalSizes _sizeReader = new();

    /// <summary>Whether anything is carried is told here.</summary>
    protected RemoteStreams(IdleClock idle) => Idle = idle;

    /// <summary>What the client sends to the process. Ends when the client says so or goes.</summary>
    public PipeReader Input => _input.Reader;

    /// <summary>Sizes of the client's terminal; only the newest is kept.</summary>
    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    /// <summary>Ends the stream after too long a silence.</summary>
    protected IdleClock Idle { get; }

    /// <summary>Reads what the client sends, until it goes.</summary>
    /// <returns>Null after a client that went; otherwise what it did wrong.</returns>
    public abstract Task<string?> RunAsync(CancellationToken cancellationToken);

    /// <summary>Brings the process's output to the client.</summary>
    /// <exception cref="IOException">The client has gone.</exception>
    public abstract ValueTask WriteAsync(bool stderr, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Tells how it ended, and that nothing more follows.</summary>
    public abstract Task FinishAsync(RemoteOutcome outcome, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>The client sent bytes for the process.</summary>
    protected async ValueTask TakeInputAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Idle.Touch();
        await _input.Writer.WriteAsync(bytes, cancellationToken);
    }

    /// <summary>The client will send no more.</summary>
    protected void EndInput() => _input.Writer.Complete();

    /// <summary>The client sent some of a terminal's size.</summary>
    protected void TakeSize(ReadOnlySpan<byte> bytes)
    {
        Idle.Touch();
        if (_sizeReader.Read(bytes) is { } size)
        {
            _sizes.Writer.TryWrite(size);
        }
    }
}
