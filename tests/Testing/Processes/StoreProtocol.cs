using System.Buffers.Binary;
using System.Text;
using KubeAspire.StateStore;

namespace KubeAspire.Testing.Processes;

/// <summary>What a client asks of a store in another process.</summary>
internal enum StoreOperation : byte
{
    Revisions = 1,
    Get,
    List,
    Create,
    Update,
    Delete,
    Compact,

    /// <summary>Opens a watch under a number that the client chooses. Not answered.</summary>
    Watch,
    WatchNext,

    /// <summary>Not answered.</summary>
    WatchEnd,

    /// <summary>Cancels the call of a number. Not answered: the call itself ends.</summary>
    Cancel,

    /// <summary>Answers the calls it has, begins none, closes the engine in order and ends the process.</summary>
    Shutdown,

    /// <summary>Opens a further store in the process, on the system's clock or on a manual one, for this connection alone: from then on its calls go there. Closes the one before.</summary>
    OpenStore,

    /// <summary>Closes the store that the connection opened. Calls then go to the closed one.</summary>
    CloseStore,

    /// <summary>Advances the manual clock of the store that the connection opened, after whatever the connection asked before.</summary>
    Advance,
}

/// <summary>How a call ended.</summary>
internal enum StoreStatus : byte
{
    Ok = 0,
    Cancelled,

    /// <summary>An argument was refused.</summary>
    Argument,

    /// <summary>Anything else that the engine threw.</summary>
    Failed,

    /// <summary>The process is leaving: it has not begun with the call.</summary>
    Leaving,

    /// <summary>The engine, or the watch, is closed.</summary>
    Closed,
}

/// <summary>
/// The protocol between StoreProcess and its child, StoreHost. A frame is a length (int32) and so many bytes. A request: call number (int64),
/// operation (byte), fields. An answer: call number, status (byte), fields; of a failure, its text. Fields as <see cref="BinaryWriter"/> writes them.
/// </summary>
internal static class StoreProtocol
{
    /// <summary>What the child prints once it may be connected to.</summary>
    public const string Ready = "ready";

    /// <summary>Exit code where another process has the directory.</summary>
    public const int ExitLocked = 3;

    /// <summary>Exit code where a file is damaged.</summary>
    public const int ExitCorrupt = 4;

    /// <summary>Exit code where the store cannot be opened for another reason.</summary>
    public const int ExitFailed = 5;

    /// <summary>Largest frame believed. 256 MiB: a list of everything that a test writes.</summary>
    private const int MaxFrame = 256 << 20;

    /// <summary>Reads a frame; null at the end of the stream.</summary>
    public static async ValueTask<BinaryReader?> ReadFrameAsync(Stream stream, CancellationToken cancellationToken)
    {
        var prefix = new byte[sizeof(int)];
        if (await stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, cancellationToken) < prefix.Length)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        if (length is < 0 or > MaxFrame)
        {
            throw new InvalidDataException($"A frame of {length} bytes.");
        }

        var body = new byte[length];
        return await stream.ReadAtLeastAsync(body, length, throwOnEndOfStream: false, cancellationToken) < length
            ? null : new BinaryReader(new MemoryStream(body), Encoding.UTF8);
    }

    /// <summary>Makes a frame, its length included.</summary>
    public static byte[] Frame(long call, byte kind, Action<BinaryWriter>? fields)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer, Encoding.UTF8);
        writer.Write(0);
        writer.Write(call);
        writer.Write(kind);
        fields?.Invoke(writer);
        writer.Flush();
        var bytes = buffer.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length - sizeof(int));
        return bytes;
    }

    public static void Write(this BinaryWriter writer, StateKey key)
    {
        writer.Write(key.Collection);
        writer.Write(key.Namespace);
        writer.Write(key.Name);
    }

    public static StateKey ReadKey(this BinaryReader reader) => new(reader.ReadString(), reader.ReadString(), reader.ReadString());

    public static void WriteOptional<T>(this BinaryWriter writer, T? value, Action<T> write)
    {
        writer.Write(value is not null);
        if (value is not null)
        {
            write(value);
        }
    }

    public static void Write(this BinaryWriter writer, StateRange range)
    {
        writer.Write(range.Collection);
        writer.WriteOptional(range.Namespace, writer.Write);
        writer.WriteOptional(range.Name, writer.Write);
    }

    public static StateRange ReadRange(this BinaryReader reader) =>
        new(reader.ReadString(), reader.ReadBoolean() ? reader.ReadString() : null, reader.ReadBoolean() ? reader.ReadString() : null);

    public static void Write(this BinaryWriter writer, StateValue value)
    {
        writer.WriteBytes(value.Json);
        writer.Write(value.RevisionAt);
    }

    public static StateValue ReadValue(this BinaryReader reader) => new(reader.ReadBytes(reader.ReadInt32()), reader.ReadInt32());

    public static void WriteEntry(this BinaryWriter writer, StateEntry? entry) => writer.WriteOptional(entry, value =>
    {
        writer.Write(value.Key);
        writer.Write(value.CreateRevision);
        writer.Write(value.Revision);
        writer.WriteBytes(value.Json);
        writer.Write(value.RevisionAt);
    });

    public static StateEntry? ReadEntry(this BinaryReader reader) => reader.ReadBoolean()
        ? new StateEntry(reader.ReadKey(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadBytes(reader.ReadInt32()), reader.ReadInt32())
        : null;

    public static void Write(this BinaryWriter writer, StateWrite write)
    {
        writer.Write((byte)write.Outcome);
        writer.WriteEntry(write.Entry);
    }

    public static StateWrite ReadWrite(this BinaryReader reader) => new((StateOutcome)reader.ReadByte(), reader.ReadEntry());

    public static void Write(this BinaryWriter writer, StatePage page)
    {
        writer.Write((byte)page.Outcome);
        writer.Write(page.Entries.Count);
        foreach (var entry in page.Entries)
        {
            writer.WriteEntry(entry);
        }

        writer.Write(page.Revision);
        writer.Write(page.More);
        writer.Write(page.Remaining);
    }

    public static StatePage ReadPage(this BinaryReader reader)
    {
        var outcome = (StateReadOutcome)reader.ReadByte();
        var entries = new StateEntry[reader.ReadInt32()];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = reader.ReadEntry()!;
        }

        return new StatePage(outcome, entries, reader.ReadInt64(), reader.ReadBoolean(), reader.ReadInt64());
    }

    public static void Write(this BinaryWriter writer, StateWatchBatch batch)
    {
        writer.Write((byte)batch.Outcome);
        writer.Write(batch.Events.Count);
        foreach (var change in batch.Events)
        {
            writer.WriteEntry(change.Entry);
            writer.WriteEntry(change.Previous);
            writer.Write(change.Deleted);
        }

        writer.Write(batch.Revision);
    }

    public static StateWatchBatch ReadBatch(this BinaryReader reader)
    {
        var outcome = (StateReadOutcome)reader.ReadByte();
        var events = new StateEvent[reader.ReadInt32()];
        for (var i = 0; i < events.Length; i++)
        {
            events[i] = new StateEvent(reader.ReadEntry()!, reader.ReadEntry(), reader.ReadBoolean());
        }

        return new StateWatchBatch(outcome, events, reader.ReadInt64());
    }

    private static void WriteBytes(this BinaryWriter writer, ReadOnlyMemory<byte> bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes.Span);
    }
}
