using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace KubeAspire.NodeAgent.Streaming.Spdy;

/// <summary>
/// The server's side of SPDY/3.1 as kubectl speaks it: streams opened by the client, data and half-close both ways, pings. Flow
/// control is the transport's: a stream that is not read holds its connection up. Whatever breaks the protocol ends the connection.
/// </summary>
/// <remarks>SPDY protocol, draft 3.1. Clients of the client-go line know no window updates and no pushed streams.</remarks>
internal sealed class SpdyConnection : IAsyncDisposable
{
    private const int HeaderBytes = 8;
    private const int Version = 3;
    private const byte FlagFin = 1;

    private readonly Stream _transport;
    private readonly Func<SpdyStream, bool> _accept;
    private readonly ConcurrentDictionary<int, SpdyStream> _streams = new();
    private readonly SpdyHeaderReader _headers = new();
    private readonly SpdyHeaderWriter _headerWriter = new();
    private readonly SemaphoreSlim _writing = new(1);
    private int _lastId;
    private bool _leaving;

    /// <summary>A connection over a stream of bytes.</summary>
    /// <param name="transport">The bytes. Not disposed here.</param>
    /// <param name="accept">Takes a new stream; false refuses it. Called in order, from the reading loop: must not wait.</param>
    public SpdyConnection(Stream transport, Func<SpdyStream, bool> accept) => (_transport, _accept) = (transport, accept);

    /// <summary>Types of control frames.</summary>
    private enum Control
    {
        SynStream = 1,
        SynReply = 2,
        RstStream = 3,
        Settings = 4,
        Ping = 6,
        GoAway = 7,
        Headers = 8,
        WindowUpdate = 9,
        Credential = 10,
    }

    /// <summary>Streams open now.</summary>
    public int OpenStreams => _streams.Count;

    /// <summary>Reads frames until the client leaves or breaks the protocol.</summary>
    /// <returns>Null after a client that left; otherwise what it did wrong.</returns>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var why = "the connection has ended";
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(StreamLimits.CopyBytes, StreamLimits.SpdyControlBytesMax));
        try
        {
            while (await FillAsync(buffer.AsMemory(0, HeaderBytes), cancellationToken))
            {
                var first = BinaryPrimitives.ReadUInt32BigEndian(buffer);
                var (flags, length) = (buffer[4], (int)(BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(4)) & 0xffffff));
                if ((first & 0x80000000) == 0)
                {
                    await ReadDataAsync((int)first, flags, length, buffer, cancellationToken);
                    continue;
                }

                if ((first >> 16 & 0x7fff) != Version)
                {
                    throw new SpdyException($"version {first >> 16 & 0x7fff} is not spoken");
                }

                if (length > StreamLimits.SpdyControlBytesMax)
                {
                    throw new SpdyException($"a control frame of {length} bytes is too large");
                }

                if (!await FillAsync(buffer.AsMemory(0, length), cancellationToken) && length > 0)
                {
                    throw new SpdyException("a frame is cut short");
                }

                await ReadControlAsync((Control)(first & 0xffff), flags, buffer.AsMemory(0, length), cancellationToken);
            }

            return null;
        }
        catch (SpdyException broken)
        {
            await LeaveAsync(protocolError: true);
            return why = broken.Message;
        }
        catch (IOException)
        {
            return null; // The client went away.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            foreach (var stream in _streams.Values)
            {
                stream.Reset(why);
            }
        }
    }

    /// <summary>Says that no more streams are taken and that those there are have ended.</summary>
    public async Task LeaveAsync(bool protocolError = false)
    {
        if (Interlocked.Exchange(ref _leaving, true))
        {
            return;
        }

        var frame = new byte[HeaderBytes + 8];
        Head(frame, Control.GoAway, 0, 8);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(8), _lastId);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(12), protocolError ? 1 : 0);
        try
        {
            using var limit = new CancellationTokenSource(StreamLimits.Goodbye);
            await SendAsync(frame, default, limit.Token);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It has left first.
        }
    }

    public ValueTask DisposeAsync()
    {
        _headers.Dispose();
        _writing.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends a data frame.</summary>
    internal async ValueTask SendDataAsync(int id, ReadOnlyMemory<byte> bytes, bool last, CancellationToken cancellationToken)
    {
        var head = new byte[HeaderBytes];
        BinaryPrimitives.WriteInt32BigEndian(head, id);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), bytes.Length);
        head[4] = last ? FlagFin : (byte)0;
        await SendAsync(head, bytes, cancellationToken);
    }

    /// <summary>Forgets a stream both halves of which have ended.</summary>
    internal void Settle(SpdyStream stream)
    {
        if (stream.Ended)
        {
            _streams.TryRemove(stream.Id, out _);
        }
    }

    private static void Head(Span<byte> frame, Control type, byte flags, int length)
    {
        BinaryPrimitives.WriteUInt32BigEndian(frame, 0x80000000 | (Version << 16) | (uint)type);
        BinaryPrimitives.WriteInt32BigEndian(frame[4..], length);
        frame[4] = flags;
    }

    private async Task ReadDataAsync(int id, byte flags, int length, byte[] buffer, CancellationToken cancellationToken)
    {
        if (id == 0 || id > _lastId)
        {
            throw new SpdyException($"data for stream {id}, which was never opened");
        }

        _streams.TryGetValue(id, out var stream); // One that has ended may still be sent to: the client does not know it yet.
        while (length > 0)
        {
            var piece = Math.Min(length, StreamLimits.CopyBytes);
            if (!await FillAsync(buffer.AsMemory(0, piece), cancellationToken))
            {
                throw new SpdyException("a frame is cut short");
            }

            if (stream is not null)
            {
                await stream.ReceiveAsync(buffer.AsMemory(0, piece), cancellationToken);
            }

            length -= piece;
        }

        if ((flags & FlagFin) != 0)
        {
            stream?.EndInput();
        }
    }

    private async Task ReadControlAsync(Control type, byte flags, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        switch (type)
        {
            case Control.SynStream:
                await OpenAsync(flags, body, cancellationToken);
                break;
            case Control.SynReply or Control.Headers:
                Require(body, 4);
                _headers.Read(body.Span[4..]); // Nothing in it is wanted, but the next block refers back to it.
                break;
            case Control.RstStream:
                Require(body, 8);
                if (_streams.TryGetValue(StreamId(body), out var stream))
                {
                    stream.Reset("the client reset the stream");
                }

                break;
            case Control.Ping:
                Require(body, 4);
                if ((body.Span[3] & 1) == 1)
                {
                    var pong = new byte[HeaderBytes + 4];
                    Head(pong, Control.Ping, 0, 4);
                    body.Span[..4].CopyTo(pong.AsSpan(HeaderBytes));
                    await SendAsync(pong, default, cancellationToken);
                }

                break;
            case Control.Settings or Control.GoAway or Control.WindowUpdate or Control.Credential:
                break;
            default:
                throw new SpdyException($"a control frame of type {(int)type} is not known");
        }
    }

    private async Task OpenAsync(byte flags, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        Require(body, 10);
        var id = StreamId(body);
        var headers = _headers.Read(body.Span[10..]);
        if (id <= _lastId || (id & 1) == 0)
        {
            throw new SpdyException($"stream {id} is opened out of turn");
        }

        _lastId = id;
        if (_leaving || _streams.Count >= StreamLimits.SpdyStreamsMax)
        {
            await RefuseAsync(id, cancellationToken);
            return;
        }

        var stream = new SpdyStream(this, id, headers);
        _streams[id] = stream;
        var block = _headerWriter.Write([]);
        var reply = new byte[HeaderBytes + 4];
        Head(reply, Control.SynReply, 0, 4 + block.Length);
        BinaryPrimitives.WriteInt32BigEndian(reply.AsSpan(8), id);
        await SendAsync(reply, block, cancellationToken); // Before anything is sent on it: a client drops what comes before the reply.
        if ((flags & FlagFin) != 0)
        {
            stream.EndInput();
        }

        if (!_accept(stream))
        {
            stream.Reset("the stream was refused");
            await RefuseAsync(id, cancellationToken);
        }
    }

    private async Task RefuseAsync(int id, CancellationToken cancellationToken)
    {
        const int RefusedStream = 3;
        var refuse = new byte[HeaderBytes + 8];
        Head(refuse, Control.RstStream, 0, 8);
        BinaryPrimitives.WriteInt32BigEndian(refuse.AsSpan(8), id);
        BinaryPrimitives.WriteInt32BigEndian(refuse.AsSpan(12), RefusedStream);
        await SendAsync(refuse, default, cancellationToken);
    }

    private static int StreamId(ReadOnlyMemory<byte> body) => (int)(BinaryPrimitives.ReadUInt32BigEndian(body.Span) & 0x7fffffff);

    private static void Require(ReadOnlyMemory<byte> body, int bytes)
    {
        if (body.Length < bytes)
        {
            throw new SpdyException("a control frame is too short");
        }
    }

    // False at the end of the transport; an end within is a frame cut short.
    private async ValueTask<bool> FillAsync(Memory<byte> into, CancellationToken cancellationToken)
    {
        var read = await _transport.ReadAtLeastAsync(into, into.Length, throwOnEndOfStream: false, cancellationToken);
        return read == into.Length || (read == 0 ? false : throw new SpdyException("a frame is cut short"));
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var frame = ArrayPool<byte>.Shared.Rent(head.Length + body.Length);
        head.CopyTo(frame);
        body.CopyTo(frame.AsMemory(head.Length));
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _transport.WriteAsync(frame.AsMemory(0, head.Length + body.Length), cancellationToken);
            await _transport.FlushAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
            ArrayPool<byte>.Shared.Return(frame);
        }
    }
}
