using System.Buffers;
using System.IO.Pipelines;

namespace KubeAspire.NodeAgent.Streaming.Spdy;

/// <summary>One of the streams of a connection. Either direction ends on its own.</summary>
internal sealed class SpdyStream
{
    private readonly SpdyConnection _connection;
    private readonly Pipe _input = new(new PipeOptions(
        pauseWriterThreshold: StreamLimits.AheadBytes, resumeWriterThreshold: StreamLimits.AheadBytes / 2, useSynchronizationContext: false));
    private int _outputEnded;
    private int _inputEnded;

    public SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
    {
        (_connection, Id, Headers) = (connection, id, headers);
    }

    /// <summary>Number; odd, for the client opened it.</summary>
    public int Id { get; }

    /// <summary>What the client said of it.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>What the client sends. Ends with its half of the stream; fails with an <see cref="IOException"/> where the stream was reset.</summary>
    public PipeReader Input => _input.Reader;

    /// <summary>Whether both halves have ended.</summary>
    public bool Ended => Volatile.Read(ref _outputEnded) != 0 && Volatile.Read(ref _inputEnded) != 0;

    /// <summary>A header, or empty.</summary>
    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>Sends bytes.</summary>
    /// <exception cref="IOException">The stream or its connection has ended.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            if (Volatile.Read(ref _outputEnded) != 0)
            {
                throw new IOException("the stream was closed");
            }

            var piece = bytes[..Math.Min(bytes.Length, StreamLimits.CopyBytes)];
            await _connection.SendDataAsync(Id, piece, last: false, cancellationToken);
            bytes = bytes[piece.Length..];
        }
    }

    /// <summary>Ends this side's half. A second call does nothing.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _outputEnded, 1) == 0)
        {
            await _connection.SendDataAsync(Id, default, last: true, cancellationToken);
            _connection.Settle(this);
        }
    }

    /// <summary>The client sent bytes. Waits while they are not read.</summary>
    internal async ValueTask ReceiveAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _inputEnded) == 0)
        {
            await _input.Writer.WriteAsync(bytes, cancellationToken); // Where nobody reads any more they are dropped.
        }
    }

    /// <summary>The client ended its half.</summary>
    internal void EndInput(Exception? why = null)
    {
        if (Interlocked.Exchange(ref _inputEnded, 1) == 0)
        {
            _input.Writer.Complete(why);
            _connection.Settle(this);
        }
    }

    /// <summary>The client wants no more of the stream, or the connection is gone.</summary>
    internal void Reset(string why)
    {
        Interlocked.Exchange(ref _outputEnded, 1);
        EndInput(new IOException(why));
        _connection.Settle(this);
    }

    /// <summary>Reads all that the client sends, handing it on piece by piece.</summary>
    public async Task CopyToAsync(Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await Input.ReadAsync(cancellationToken);
            foreach (var segment in read.Buffer)
            {
                await take(segment);
            }

            Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
