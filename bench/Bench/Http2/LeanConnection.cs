using System.Buffers.Binary;

namespace KubeAspire.Bench.Http2;

/// <summary>
/// One HTTP/2 connection of a load generator: blocking reads and writes on one thread, requests from prebuilt frames, answers looked at
/// just enough to know that they are good. It costs some microseconds a request, so that on a machine where it shares the cores with
/// the server, what is measured is the server.
/// </summary>
internal sealed class LeanConnection : IDisposable
{
    private const int WindowAsked = int.MaxValue;
    private const int WindowRenewed = 1 << 30;

    private readonly Stream _stream;
    private readonly byte[] _input = new byte[256 << 10];
    private byte[] _output = new byte[256 << 10];
    private int _read;
    private int _end;
    private int _written;
    private int _nextStream = 1;
    private long _sendWindow = 65_535;
    private int _received;

    public LeanConnection(Stream stream)
    {
        _stream = stream;
        Append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        // No header table of ours (1), the largest stream window (4).
        Append([0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff]);
        OpenWindow(WindowAsked - 65_535);
        Flush();
    }

    /// <summary>What happened on a stream.</summary>
    public interface IHandler
    {
        /// <summary>The answer's status; 0 for trailers, or where it is none that is expected of a good answer.</summary>
        void OnStatus(int stream, int status);

        /// <summary>Bytes of the answer.</summary>
        void OnData(int stream, ReadOnlySpan<byte> data);

        /// <summary>The answer is complete.</summary>
        void OnEnd(int stream);
    }

    /// <summary>Whether flow control has room for a request now.</summary>
    public bool HasRoom(RequestTemplate request) => request.BodyLength <= _sendWindow;

    /// <summary>Puts a request in line; <see cref="Flush"/> sends it.</summary>
    /// <returns>Its stream.</returns>
    public int Send(RequestTemplate request, long number)
    {
        var stream = _nextStream;
        _nextStream += 2;
        _sendWindow -= request.BodyLength;
        request.Write(Take(request.Length), stream, number);
        return stream;
    }

    public void Flush()
    {
        if (_written > 0)
        {
            _stream.Write(_output, 0, _written);
            _written = 0;
        }
    }

    /// <summary>Waits for bytes and handles every whole frame that is there.</summary>
    public void Receive(IHandler handler)
    {
        if (_read > 0)
        {
            _input.AsSpan(_read, _end - _read).CopyTo(_input);
            _end -= _read;
            _read = 0;
        }

        var count = _stream.Read(_input, _end, _input.Length - _end);
        if (count == 0)
        {
            throw new IOException("the peer closed the connection");
        }

        _end += count;
        while (_end - _read >= RequestTemplate.FrameHeader)
        {
            var header = _input.AsSpan(_read);
            var length = (header[0] << 16) | (header[1] << 8) | header[2];
            if (_end - _read < RequestTemplate.FrameHeader + length)
            {
                break;
            }

            var stream = BinaryPrimitives.ReadInt32BigEndian(header[5..]) & int.MaxValue;
            Handle(handler, header[3], header[4], stream, header.Slice(RequestTemplate.FrameHeader, length));
            _read += RequestTemplate.FrameHeader + length;
        }
    }

    public void Dispose() => _stream.Dispose();

    private void Handle(IHandler handler, byte type, byte flags, int stream, Span<byte> payload)
    {
        const byte EndStream = 1, Ack = 1;
        switch (type)
        {
            case 0: // DATA
                _received += payload.Length;
                if (_received >= WindowRenewed)
                {
                    OpenWindow(_received);
                    _received = 0;
                }

                if (payload.Length > 0)
                {
                    handler.OnData(stream, payload);
                }

                break;
            case 1: // HEADERS
                handler.OnStatus(stream, StatusOf(payload));
                break;
            case 3: // RST_STREAM
            case 7: // GOAWAY
                throw new IOException($"the peer sent frame {type}, code {BinaryPrimitives.ReadInt32BigEndian(payload[(type == 7 ? 4 : 0)..])}");
            case 4 when (flags & Ack) == 0: // SETTINGS
                Append([0, 0, 0, 4, Ack, 0, 0, 0, 0]);
                break;
            case 6 when (flags & Ack) == 0: // PING
                Append([0, 0, 8, 6, Ack, 0, 0, 0, 0]);
                Append(payload);
                break;
            case 8 when stream == 0: // WINDOW_UPDATE
                _sendWindow += BinaryPrimitives.ReadInt32BigEndian(payload);
                break;
        }

        if (type is 0 or 1 && (flags & EndStream) != 0)
        {
            handler.OnEnd(stream);
        }
    }

    // 200 is an entry of the static table; 201 is a literal under the name of entry 8.
    private static int StatusOf(ReadOnlySpan<byte> block)
    {
        while (block.Length > 0 && (block[0] & 0xe0) == 0x20)
        {
            block = block[1..]; // A change of the table's size.
        }

        return block switch
        {
            [0x88, ..] => 200,
            [0x08 or 0x48 or 0x18, 3, (byte)'2', (byte)'0', (byte)'1', ..] => 201,
            [0x08 or 0x48 or 0x18, 0x82, 0x10, 0x03, ..] => 201, // The same with Huffman's code.
            _ => 0,
        };
    }

    private void OpenWindow(int by)
    {
        Span<byte> frame = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(frame[9..], by);
        Append(frame);
    }

    private void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    private Span<byte> Take(int count)
    {
        if (_output.Length - _written < count)
        {
            Array.Resize(ref _output, Math.Max(_output.Length * 2, _written + count));
        }

        _written += count;
        return _output.AsSpan(_written - count, count);
    }
}
