using System.Buffers.Binary;
using System.Text;

namespace KubeAspire.NodeAgent.Streaming.Spdy;

/// <summary>Packs header blocks: a zlib stream without a dictionary whose blocks are stored as they are. A reader that offers the dictionary takes it.</summary>
internal sealed class SpdyHeaderWriter
{
    private bool _begun;

    /// <summary>Packs one block.</summary>
    public byte[] Write(IReadOnlyCollection<KeyValuePair<string, string>> headers)
    {
        using var plain = new MemoryStream();
        Number(plain, headers.Count);
        foreach (var (name, value) in headers)
        {
            Text(plain, name.ToLowerInvariant());
            Text(plain, value);
        }

        var length = (int)plain.Length; // A reply's headers are few; a stored block holds 65,535 bytes.
        using var packed = new MemoryStream();
        if (!_begun)
        {
            packed.Write([0x78, 0x01]);
            _begun = true;
        }

        Span<byte> head = stackalloc byte[5];
        head[0] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(head[1..], checked((ushort)length));
        BinaryPrimitives.WriteUInt16LittleEndian(head[3..], (ushort)~length);
        packed.Write(head);
        plain.Position = 0;
        plain.CopyTo(packed);
        packed.Write([0, 0, 0, 0xff, 0xff]); // An empty block, as a flush leaves it: a reader may hold back what comes before it.
        return packed.ToArray();
    }

    private static void Number(MemoryStream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void Text(MemoryStream stream, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Number(stream, bytes.Length);
        stream.Write(bytes);
    }
}
