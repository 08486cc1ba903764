using System.Buffers.Binary;
using System.Text;

namespace KubeAspire.Bench.Http2;

/// <summary>
/// The frames of one HTTP/2 request, made once. Sending it is a copy of these bytes, into which the stream's number and, wherever
/// <see cref="Number"/> stood, the request's own number are written.
/// </summary>
/// <remarks>
/// Header fields are literals of the static table's names (RFC 7541 section 6.2.2): nothing is added to the peer's table, so the
/// bytes stay true for the life of a connection.
/// </remarks>
internal sealed class RequestTemplate
{
    /// <summary>Stands where the request's number is to stand, in the path or in the body. 16 digits.</summary>
    public const string Number = "0123456789abcdef";

    /// <summary>Bytes before a frame's payload.</summary>
    public const int FrameHeader = 9;

    private readonly byte[] _frames;
    private readonly int _dataAt;
    private readonly int[] _numbersAt;

    public RequestTemplate(string method, string scheme, string path, byte[]? body = null, params (string Name, string Value)[] fields)
    {
        var block = new List<byte>();
        Literal(block, 2, method);
        Literal(block, 6, scheme);
        Literal(block, 4, path);
        Literal(block, 1, "localhost");
        foreach (var (name, value) in fields)
        {
            block.Add(0);
            Text(block, name);
            Text(block, value);
        }

        var frames = new List<byte>();
        Frame(frames, 1, (byte)(0x4 | (body is null ? 0x1 : 0)), [.. block]);
        _dataAt = body is null ? -1 : frames.Count;
        if (body is not null)
        {
            Frame(frames, 0, 0x1, body);
        }

        _frames = [.. frames];
        BodyLength = body?.Length ?? 0;
        var places = new List<int>();
        var mark = Encoding.ASCII.GetBytes(Number);
        for (var at = 0; _frames.AsSpan(at).IndexOf(mark) is >= 0 and var found; at = places[^1] + 1)
        {
            places.Add(at + found);
        }

        _numbersAt = [.. places];
    }

    /// <summary>Bytes of all frames.</summary>
    public int Length => _frames.Length;

    /// <summary>Bytes that count for flow control.</summary>
    public int BodyLength { get; }

    /// <summary>Writes the frames of one request.</summary>
    public void Write(Span<byte> target, int stream, long number)
    {
        _frames.CopyTo(target);
        BinaryPrimitives.WriteInt32BigEndian(target[5..], stream);
        if (_dataAt >= 0)
        {
            BinaryPrimitives.WriteInt32BigEndian(target[(_dataAt + 5)..], stream);
        }

        foreach (var place in _numbersAt)
        {
            var rest = number;
            for (var digit = Number.Length - 1; digit >= 0; digit--, rest /= 10)
            {
                target[place + digit] = (byte)('0' + (rest % 10));
            }
        }
    }

    private static void Literal(List<byte> block, byte nameIndex, string value)
    {
        block.Add(nameIndex);
        Text(block, value);
    }

    // A length of seven bits, continued as RFC 7541 section 5.1 says, and the text as it is.
    private static void Text(List<byte> block, string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        if (bytes.Length < 127)
        {
            block.Add((byte)bytes.Length);
        }
        else
        {
            block.Add(127);
            var rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
            {
                block.Add((byte)(rest | 128));
            }

            block.Add((byte)rest);
        }

        block.AddRange(bytes);
    }

    private static void Frame(List<byte> frames, byte type, byte flags, byte[] payload)
    {
        frames.AddRange([(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0]);
        frames.AddRange(payload);
    }
}
