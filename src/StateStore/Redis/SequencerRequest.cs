using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Redis;

/// <summary>A write on its way to the owner of the store.</summary>
public sealed class SequencerRequest
{
    private const byte Version = 1;

    internal SequencerRequest(WriteKind kind, StateKey key, StateValue value, long expected, WriteTicket ticket, long since, bool again) =>
        (Kind, Key, Value, Expected, Ticket, Since, Again) = (kind, key, value, expected, ticket, since, again);

    /// <summary>Which call this is.</summary>
    public WriteTicket Ticket { get; }

    /// <summary>An entry of the log up to which the call is known not to have been committed.</summary>
    public long Since { get; }

    /// <summary>Whether the call was brought before, and no answer came.</summary>
    public bool Again { get; }

    internal WriteKind Kind { get; }

    internal StateKey Key { get; }

    internal StateValue Value { get; }

    /// <summary>Of an update or delete, the revision it expects; of a compaction, the revision to forget up to.</summary>
    internal long Expected { get; }

    /// <summary>The request in bytes, to be sent to another silo.</summary>
    public byte[] Encode()
    {
        var buffer = new RecordBuffer();
        buffer.Byte(Version);
        buffer.Byte((byte)Kind);
        buffer.Byte(Again ? (byte)1 : (byte)0);
        Ticket.Engine.TryWriteBytes(buffer.Take(16));
        buffer.Int64(Ticket.Call);
        buffer.Int64(Since);
        buffer.Int64(Expected);
        LogFormat.AddKey(buffer, Key);
        buffer.Int32(Value.RevisionAt);
        buffer.Bytes(Value.Json.Span);
        return buffer.Written.ToArray();
    }

    /// <summary>Reads a request back.</summary>
    /// <exception cref="InvalidDataException">It is of another version, or damaged.</exception>
    public static SequencerRequest Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        if (reader.Byte() != Version)
        {
            throw new InvalidDataException("The request to the owner of the store is of a version that this silo does not know.");
        }

        var kind = (WriteKind)reader.Byte();
        var again = reader.Byte() != 0;
        var engine = reader.Take(16);
        var ticket = new WriteTicket(engine.Length == 16 ? new Guid(engine) : default, reader.Int64());
        var (since, expected) = (reader.Int64(), reader.Int64());
        var key = new StateKey(reader.Text(), reader.Text(), reader.Text());
        var revisionAt = reader.Int32();
        var json = reader.Take(reader.Remaining).ToArray();
        return reader.Failed || kind is < WriteKind.Create or > WriteKind.Compact
            ? throw new InvalidDataException("The request to the owner of the store is damaged.")
            : new SequencerRequest(kind, key, new StateValue(json, revisionAt), expected, ticket, since, again);
    }
}

/// <summary>How a write ended at the owner of the store.</summary>
public enum SequencerOutcome
{
    /// <summary>Durable; the log's entry <see cref="SequencerAnswer.Index"/> has it.</summary>
    Committed = 1,

    /// <summary>Refused upon the state at <see cref="SequencerAnswer.Index"/>, in which the caller finds why.</summary>
    Refused,

    /// <summary>Redis has no room. Nothing was stored.</summary>
    NoSpace,

    /// <summary>It was not, or is no longer, the owner: this call was not committed by it. Ask again.</summary>
    NotOwner,

    /// <summary>The call is older than what the owner remembers: see whether the log up to <see cref="SequencerAnswer.Index"/> has it, then ask again.</summary>
    TooOld,
}

/// <summary>The answer of the owner of the store.</summary>
/// <param name="Outcome">How the write ended.</param>
/// <param name="Index">The entry of the log that it speaks of.</param>
public readonly record struct SequencerAnswer(SequencerOutcome Outcome, long Index);

/// <summary>The way to the owner of the store, wherever it is.</summary>
public interface ISequencer
{
    /// <summary>Brings a write to the owner.</summary>
    /// <returns>Its answer. Where it throws, nobody knows whether the owner got the write; the same write may be brought again.</returns>
    ValueTask<SequencerAnswer> SubmitAsync(SequencerRequest request, CancellationToken cancellationToken);
}
