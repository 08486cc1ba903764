using System.Buffers.Binary;

namespace KubeAspire.ApiServer.Streaming;

/// <summary>Finds in a stream of bytes where each frame of a WebSocket ends (RFC 6455 §5.2), in whatever pieces the bytes come.</summary>
/// <remarks>
/// Why it matters: some clients wait for their socket to be readable, and then read one frame. If two came in one TLS record, the second lies in the TLS
/// layer, the socket is silent, and they wait for ever; the port-forward of the Python client does so. A kubelet sends each frame in a record of its own.
/// </remarks>
internal sealed class FrameCutter
{
    private const int LongestHeader = 14;

    private readonly byte[] _header = new byte[LongestHeader];
    private int _headerLength;
    private long _payloadLeft;

    /// <summary>How many of the bytes, which follow on those of the calls before, reach to the end of the current frame; all of them where it does not end here.</summary>
    public int Next(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length)
        {
            if (_payloadLeft > 0)
            {
                var part = (int)Math.Min(_payloadLeft, bytes.Length - at);
                (at, _payloadLeft) = (at + part, _payloadLeft - part);
                if (_payloadLeft == 0)
                {
                    break;
                }
            }
            else
            {
                _header[_headerLength++] = bytes[at++];
                if (_headerLength >= 2 && _headerLength == HeaderSize())
                {
                    (_payloadLeft, _headerLength) = (PayloadLength(), 0);
                    if (_payloadLeft == 0)
                    {
                        break;
                    }
                }
            }
        }

        return at;
    }

    private int HeaderSize() => 2 + LengthSize() + ((_header[1] & 0x80) != 0 ? 4 : 0);

    private int LengthSize() => (_header[1] & 0x7f) switch { 126 => 2, 127 => 8, _ => 0 };

    private long PayloadLength() => LengthSize() switch
    {
        2 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2)),
        8 => BinaryPrimitives.ReadInt64BigEndian(_header.AsSpan(2)) & long.MaxValue, // The first bit must be 0.
        _ => _header[1] & 0x7f,
    };
}
