using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace KubeAspire.NodeAgent.Streaming.Spdy;

/// <summary>Unpacks the header blocks of one connection. They are pieces of one zlib stream, so every one must pass here, in order.</summary>
internal sealed class SpdyHeaderReader : IDisposable
{
    /// <summary>Bytes that begin a zlib stream: method and flags.</summary>
    private const int ZlibHeaderBytes = 2;

    /// <summary>Bytes that name the dictionary where the flags say that there is one.</summary>
    private const int DictionaryIdBytes = 4;

    /// <summary>The flag that says so.</summary>
    private const int DictionaryFlag = 0x20;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflate;
    private readonly byte[] _plain = new byte[StreamLimits.SpdyHeaderBytesMax];
    private bool _begun;

    public SpdyHeaderReader() => _inflate = new DeflateStream(_feed, CompressionMode.Decompress);

    /// <summary>Reads one block. Names are in lower case; of a name given twice the values are joined by a zero.</summary>
    /// <exception cref="SpdyException">The block is none.</exception>
    public Dictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        if (!_begun)
        {
            block = Begin(block);
            _begun = true;
        }

        _feed.Append(block);
        var length = 0;
        try
        {
            while (_inflate.Read(_plain, length, _plain.Length - length) is > 0 and var read)
            {
                length += read;
                if (length == _plain.Length)
                {
                    throw new SpdyException("a header block is too large");
                }
            }
        }
        catch (InvalidDataException broken)
        {
            throw new SpdyException($"a header block cannot be unpacked: {broken.Message}");
        }

        return Parse(_plain.AsSpan(0, length));
    }

    public void Dispose()
    {
        _inflate.Dispose();
        _feed.Dispose();
    }

    // The library's inflater takes no dictionary, but it does not know that it already unpacked what it refers back to: the
    // dictionary is given to it first, as a block that is stored as it is, and thrown away.
    private ReadOnlySpan<byte> Begin(ReadOnlySpan<byte> block)
    {
        if (block.Length < ZlibHeaderBytes || (block[0] & 0x0f) != 8 || ((block[0] << 8) | block[1]) % 31 != 0)
        {
            throw new SpdyException("the first header block does not begin a zlib stream");
        }

        if ((block[1] & DictionaryFlag) == 0)
        {
            return block[ZlibHeaderBytes..];
        }

        if (block.Length < ZlibHeaderBytes + DictionaryIdBytes)
        {
            throw new SpdyException("the first header block is too short");
        }

        var dictionary = SpdyDictionary.Bytes;
        Span<byte> stored = stackalloc byte[5];
        stored[0] = 0; // Not the last block; stored.
        BinaryPrimitives.WriteUInt16LittleEndian(stored[1..], (ushort)dictionary.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(stored[3..], (ushort)~dictionary.Length);
        _feed.Append(stored);
        _feed.Append(dictionary);
        _inflate.ReadExactly(_plain, 0, dictionary.Length);
        return block[(ZlibHeaderBytes + DictionaryIdBytes)..];
    }

    private static Dictionary<string, string> Parse(ReadOnlySpan<byte> plain)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        var count = Number(ref plain);
        for (var i = 0; i < count; i++)
        {
            var name = Text(ref plain).ToLowerInvariant();
            var value = Text(ref plain);
            if (name.Length == 0 || !headers.TryAdd(name, value))
            {
                throw new SpdyException("a header has no name, or is there twice");
            }
        }

        return plain.IsEmpty ? headers : throw new SpdyException("a header block goes on after its last header");
    }

    private static int Number(ref ReadOnlySpan<byte> plain)
    {
        var number = plain.Length < 4 ? -1 : BinaryPrimitives.ReadInt32BigEndian(plain);
        if (number is < 0 or > StreamLimits.SpdyHeaderBytesMax)
        {
            throw new SpdyException("a header block is cut short");
        }

        plain = plain[4..];
        return number;
    }

    private static string Text(ref ReadOnlySpan<byte> plain)
    {
        var length = Number(ref plain);
        if (length > plain.Length)
        {
            throw new SpdyException("a header is cut short");
        }

        var text = Encoding.UTF8.GetString(plain[..length]);
        plain = plain[length..];
        return text;
    }

    /// <summary>Compressed bytes as far as they have come: reading past them gives nothing, and later more.</summary>
    private sealed class Feed : Stream
    {
        private readonly MemoryStream _bytes = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public void Append(ReadOnlySpan<byte> bytes)
        {
            var rest = _bytes.Length - _bytes.Position;
            if (rest == 0)
            {
                _bytes.SetLength(0);
            }

            var at = _bytes.Position;
            _bytes.Seek(0, SeekOrigin.End);
            _bytes.Write(bytes);
            _bytes.Position = rest == 0 ? 0 : at;
        }

        public override int Read(byte[] buffer, int offset, int count) => _bytes.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => _bytes.Read(buffer);

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _bytes.Dispose();
            base.Dispose(disposing);
        }
    }
}
