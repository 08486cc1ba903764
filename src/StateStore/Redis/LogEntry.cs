using System.Text;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Redis;

/// <summary>A place in the log: how many entries there are up to it, and the checksum of the last of them, on which the next one builds.</summary>
internal readonly record struct LogPosition(long Index, uint Crc);

/// <summary>What an entry of the log is.</summary>
internal enum LogEntryKind : byte
{
    /// <summary>Writes committed together.</summary>
    Batch = 1,

    /// <summary>Another owner begins. Whoever was the owner before never commits again.</summary>
    Takeover = 2,
}

/// <summary>
/// An entry of the log in Redis: docs/specs/clustering.md. Version, kind, the writer, the first revision, the tickets of the writes that take
/// a revision, their records as on disk (<see cref="LogFormat"/>), and a checksum chained on the entry before.
/// </summary>
internal readonly ref struct LogEntry
{
    private const byte Version = 1;
    private const int GuidLength = 16;

    private LogEntry(LogEntryKind kind, Guid writer, string writerName, long firstRevision, WriteTicket[] tickets, ReadOnlySpan<byte> records)
    {
        (Kind, Writer, WriterName, FirstRevision, Tickets) = (kind, writer, writerName, firstRevision, tickets);
        Records = records;
    }

    public LogEntryKind Kind { get; }

    /// <summary>Who appended it: one time that a silo owned the store.</summary>
    public Guid Writer { get; }

    /// <summary>The silo's name, in a takeover.</summary>
    public string WriterName { get; }

    /// <summary>The revision of the first write.</summary>
    public long FirstRevision { get; }

    /// <summary>Whose writes these are, in their order.</summary>
    public WriteTicket[] Tickets { get; }

    /// <summary>The records, each with its length before it.</summary>
    public ReadOnlySpan<byte> Records { get; }

    /// <summary>Encodes an entry.</summary>
    /// <param name="before">The place it is meant for comes right after this one.</param>
    /// <param name="writer">Who appends it.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="name">The silo's name, for a takeover; else empty.</param>
    /// <param name="firstRevision">The revision of the first write.</param>
    /// <param name="tickets">Whose writes.</param>
    /// <param name="records">Their records.</param>
    /// <param name="crc">The checksum of the entry.</param>
    public static byte[] Encode(LogPosition before, Guid writer, LogEntryKind kind, string name, long firstRevision, IReadOnlyList<WriteTicket> tickets, ReadOnlySpan<byte> records, out uint crc)
    {
        var buffer = new RecordBuffer();
        buffer.Byte(Version);
        buffer.Byte((byte)kind);
        writer.TryWriteBytes(buffer.Take(GuidLength));
        buffer.Text(name);
        buffer.Int64(before.Index + 1);
        buffer.Int64(firstRevision);
        buffer.Int32(tickets.Count);
        foreach (var ticket in tickets)
        {
            ticket.Engine.TryWriteBytes(buffer.Take(GuidLength));
            buffer.Int64(ticket.Call);
        }

        buffer.Bytes(records);
        crc = Crc.Of(before.Crc, buffer.Written);
        buffer.UInt32(crc);
        return buffer.Written.ToArray();
    }

    /// <summary>Decodes an entry, or says what is wrong with it.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, LogPosition before, out LogEntry entry, out uint crc)
    {
        entry = default;
        crc = 0;
        if (bytes.Length < sizeof(uint))
        {
            return "the entry is cut short";
        }

        var end = new RecordReader(bytes[^sizeof(uint)..]);
        bytes = bytes[..^sizeof(uint)];
        crc = Crc.Of(before.Crc, bytes);
        if (end.UInt32() != crc)
        {
            return "the entry has a wrong checksum";
        }

        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != Version)
        {
            return $"the format version is {version}; this program reads {Version}";
        }

        var kind = (LogEntryKind)reader.Byte();
        var writer = ReadGuid(ref reader);
        var name = reader.Text();
        var index = reader.Int64();
        var firstRevision = reader.Int64();
        var count = reader.Int32();
        if (reader.Failed || index != before.Index + 1 || kind is not (LogEntryKind.Batch or LogEntryKind.Takeover) || count < 0 || count > reader.Remaining / (GuidLength + sizeof(long)))
        {
            return "the entry's fields do not fit together";
        }

        var tickets = new WriteTicket[count];
        for (var i = 0; i < count; i++)
        {
            tickets[i] = new WriteTicket(ReadGuid(ref reader), reader.Int64());
        }

        entry = new LogEntry(kind, writer, name, firstRevision, tickets, reader.Take(reader.Remaining));
        return null;
    }

    private static Guid ReadGuid(ref RecordReader reader) => reader.Take(GuidLength) is { Length: GuidLength } bytes ? new Guid(bytes) : default;
}
