using System.Buffers.Binary;
using System.Globalization;

namespace KubeAspire.StateStore.Log;

/// <summary>The kinds of record in a frame.</summary>
internal enum RecordKind : byte
{
    /// <summary>An object created or replaced. Takes a revision.</summary>
    Put = 1,

    /// <summary>An object removed. Takes a revision.</summary>
    Delete = 2,

    /// <summary>History forgotten up to a revision. Takes none.</summary>
    Compact = 3,
}

/// <summary>
/// The log on disk: docs/specs/state-store.md. A segment is a header and then frames; a frame is one commit, written whole and
/// synced before the next begins, so only the very last frame of the last segment can be torn.
/// </summary>
internal static class LogFormat
{
    /// <summary>The version this code writes, and the newest it reads.</summary>
    public const int Version = 1;

    /// <summary>Bytes of a segment's header.</summary>
    public const int HeaderLength = 64;

    /// <summary>Bytes of a frame's header.</summary>
    public const int FrameHeaderLength = 24;

    /// <summary>Largest body of a frame. 64 MiB: some times the largest batch, far below what an int holds.</summary>
    public const int MaxBodyLength = 64 << 20;

    /// <summary>Where the body's checksum stands in a frame's header; what is before it is summed with the body.</summary>
    public const int BodyCrcAt = 20;

    public const string SegmentSuffix = ".log";
    public const string TemporarySuffix = ".tmp";
    public const string BrokenSuffix = ".broken";

    private const uint FrameMarker = 0x4B46_524D;
    private const int HeaderCrcAt = 16;
    private const int SegmentCrcAt = HeaderLength - sizeof(uint);

    private static ReadOnlySpan<byte> Magic => "KubeALog"u8;

    /// <summary>A segment's file name.</summary>
    public static string SegmentName(long sequence) => sequence.ToString("D16", CultureInfo.InvariantCulture) + SegmentSuffix;

    /// <summary>The sequence number in a segment's file name.</summary>
    public static bool TryParseSegmentName(string name, out long sequence)
    {
        sequence = 0;
        return name.Length == 16 + SegmentSuffix.Length && name.EndsWith(SegmentSuffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, 16), NumberStyles.None, CultureInfo.InvariantCulture, out sequence);
    }

    /// <summary>Encodes a segment's header.</summary>
    public static byte[] Encode(SegmentHeader header)
    {
        var bytes = new byte[HeaderLength];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        header.StoreId.TryWriteBytes(bytes.AsSpan(12));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(28), header.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(36), header.BaseRevision);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(44), header.PreviousCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(SegmentCrcAt), Crc.Of(0, bytes.AsSpan(0, SegmentCrcAt)));
        return bytes;
    }

    /// <summary>Decodes a segment's header, or says what is wrong with it.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, out SegmentHeader header)
    {
        header = default;
        if (bytes.Length < HeaderLength)
        {
            return $"the segment's header is cut short: {bytes.Length} of {HeaderLength} bytes";
        }

        if (!bytes[..8].SequenceEqual(Magic))
        {
            return "this is no log segment";
        }

        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[SegmentCrcAt..]);
        if (crc != Crc.Of(0, bytes[..SegmentCrcAt]))
        {
            return "the segment's header has a wrong checksum";
        }

        if (version != Version)
        {
            return $"the format version is {version}; this program reads {Version}";
        }

        header = new SegmentHeader(
            new Guid(bytes.Slice(12, 16)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[36..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]),
            crc);
        return null;
    }

    /// <summary>Fills in the header of a frame whose body is complete.</summary>
    /// <param name="frame">Header and body.</param>
    /// <param name="firstRevision">The revision that the frame's first change takes.</param>
    /// <param name="segmentCrc">The checksum of the segment's header.</param>
    /// <param name="chain">The checksum of the frame before, or of the segment's header.</param>
    /// <returns>The checksum of this frame, on which the next one builds.</returns>
    public static uint SealFrame(Span<byte> frame, long firstRevision, uint segmentCrc, uint chain)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, FrameMarker);
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], frame.Length - FrameHeaderLength);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], firstRevision);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[HeaderCrcAt..], Crc.Of(segmentCrc, frame[..HeaderCrcAt]));
        var crc = Crc.Of(Crc.Of(chain, frame[..BodyCrcAt]), frame[FrameHeaderLength..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[BodyCrcAt..], crc);
        return crc;
    }

    /// <summary>Whether a frame's header stands here, whatever its body. The segment's checksum in it keeps user data from passing for one.</summary>
    public static bool TryReadFrameHeader(ReadOnlySpan<byte> bytes, uint segmentCrc, out int bodyLength, out long firstRevision)
    {
        bodyLength = 0;
        firstRevision = 0;
        if (bytes.Length < FrameHeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != FrameMarker
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[HeaderCrcAt..]) != Crc.Of(segmentCrc, bytes[..HeaderCrcAt]))
        {
            return false;
        }

        bodyLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        firstRevision = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        return bodyLength is >= 0 and <= MaxBodyLength;
    }

    /// <summary>Whether a whole frame has the checksum it claims.</summary>
    public static bool Verify(ReadOnlySpan<byte> frame, uint chain, out uint crc)
    {
        crc = Crc.Of(Crc.Of(chain, frame[..BodyCrcAt]), frame[FrameHeaderLength..]);
        return crc == BinaryPrimitives.ReadUInt32LittleEndian(frame[BodyCrcAt..]);
    }

    /// <summary>Appends the record of a put.</summary>
    public static void AddPut(RecordBuffer buffer, StateEntry entry)
    {
        var start = Begin(buffer, RecordKind.Put);
        AddKey(buffer, entry.Key);
        buffer.Int32(entry.RevisionAt);
        buffer.Bytes(entry.Json.Span);
        End(buffer, start);
    }

    /// <summary>Appends the record of a delete.</summary>
    public static void AddDelete(RecordBuffer buffer, StateKey key)
    {
        var start = Begin(buffer, RecordKind.Delete);
        AddKey(buffer, key);
        End(buffer, start);
    }

    /// <summary>Appends the record of a compaction.</summary>
    public static void AddCompact(RecordBuffer buffer, long revision)
    {
        var start = Begin(buffer, RecordKind.Compact);
        buffer.Int64(revision);
        End(buffer, start);
    }

    public static void AddKey(RecordBuffer buffer, StateKey key)
    {
        buffer.Text(key.Collection);
        buffer.Text(key.Namespace);
        buffer.Text(key.Name);
    }

    private static int Begin(RecordBuffer buffer, RecordKind kind)
    {
        buffer.Int32(0);
        var start = buffer.Length;
        buffer.Byte((byte)kind);
        return start;
    }

    private static void End(RecordBuffer buffer, int start) =>
        BinaryPrimitives.WriteInt32LittleEndian(buffer.At(start - sizeof(int), sizeof(int)), buffer.Length - start);
}

/// <summary>What a segment says of itself.</summary>
/// <param name="StoreId">The store it belongs to.</param>
/// <param name="Sequence">Its number; segments are numbered without a gap.</param>
/// <param name="BaseRevision">The last revision before it.</param>
/// <param name="PreviousCrc">The checksum of the last frame before it.</param>
/// <param name="Crc">The checksum of this header.</param>
internal readonly record struct SegmentHeader(Guid StoreId, long Sequence, long BaseRevision, uint PreviousCrc, uint Crc);
