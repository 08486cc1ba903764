using KubeAspire.StateStore.Disks;

namespace KubeAspire.StateStore.Log;

/// <summary>Takes what the log says, in order.</summary>
internal interface ILogReplay
{
    /// <summary>The newest revision replayed so far, or that of the snapshot replayed upon.</summary>
    long Revision { get; }

    /// <summary>One record.</summary>
    /// <param name="record">Kind and fields.</param>
    /// <param name="revision">The revision the change takes; of a compaction, the newest before it.</param>
    /// <returns>What is wrong with it, or null.</returns>
    string? Apply(ReadOnlySpan<byte> record, long revision);
}

/// <summary>Reads the log back: cuts off a torn last frame, refuses any other damage.</summary>
internal sealed class LogRecovery(IDisk disk, ILogger logger)
{
    /// <summary>Replays all segments and answers where to go on; null where there is no segment.</summary>
    /// <param name="replay">Takes the records; those of its revision and before are passed over.</param>
    /// <param name="storeId">The store's identity by the snapshot, or null.</param>
    /// <param name="options">How the log goes on.</param>
    public RecoveredLog? Recover(ILogReplay replay, Guid? storeId, StateStoreOptions options)
    {
        var sequences = NeededSegments(replay.Revision);
        SegmentEnd? end = null;
        long closedBytes = 0;
        foreach (var sequence in sequences)
        {
            var name = LogFormat.SegmentName(sequence);
            closedBytes += end?.Position ?? 0;
            end = ReadSegment(name, sequence, end, storeId, sequence == sequences[^1], replay);
            storeId = end.Header.StoreId;
        }

        return end is null ? null : new RecoveredLog(
            SegmentedLog.Continue(disk, end.Header, end.Position, end.Chain, options), sequences[0], end.Revision, closedBytes);
    }

    // A crash may have left some of the segments that a snapshot made obsolete, not always in a row: they are neither needed nor read.
    private List<long> NeededSegments(long snapshotRevision)
    {
        var sequences = disk.List().Select(name => LogFormat.TryParseSegmentName(name, out var sequence) ? sequence : 0).Where(sequence => sequence > 0).Order().ToList();
        var bytes = new byte[LogFormat.HeaderLength];
        for (var i = sequences.Count - 1; i > 0; i--)
        {
            var name = LogFormat.SegmentName(sequences[i]);
            using var file = disk.Open(name);
            if (LogFormat.Decode(bytes.AsSpan(0, file.Read(bytes, 0)), out var header) is { } wrong)
            {
                throw new StateStoreCorruptException(name, 0, wrong);
            }

            if (header.BaseRevision <= snapshotRevision)
            {
                return sequences[i..];
            }
        }

        return sequences;
    }

    private SegmentEnd ReadSegment(string name, long sequence, SegmentEnd? before, Guid? storeId, bool last, ILogReplay replay)
    {
        using var file = disk.Open(name);
        var bytes = ReadAll(file, name);
        var wrong = LogFormat.Decode(bytes, out var header) ?? Misplaced(header, sequence, before, storeId, replay.Revision);
        if (wrong is not null)
        {
            throw new StateStoreCorruptException(name, 0, wrong);
        }

        var chain = header.Crc;
        var revision = header.BaseRevision;
        var position = LogFormat.HeaderLength;
        while (position < bytes.Length)
        {
            var rest = bytes.AsSpan(position);
            wrong = CheckFrame(rest, header.Crc, chain, out var length, out var crc, out var firstRevision);
            if (wrong is null)
            {
                wrong = ReadRecords(rest[LogFormat.FrameHeaderLength..length], firstRevision, replay, ref revision);
                if (wrong is not null)
                {
                    throw new StateStoreCorruptException(name, position, wrong);
                }
            }
            else
            {
                // Blocks taken ahead read as zeros: the usual end of the last segment.
                if (!last || !IsEnd(file, name, rest, position, header, revision, wrong))
                {
                    throw new StateStoreCorruptException(name, position, wrong);
                }

                break;
            }

            position += length;
            chain = crc;
        }

        return new SegmentEnd(header, position, chain, revision);
    }

    private static byte[] ReadAll(ILogFile file, string name)
    {
        var length = file.Length;
        if (length > Array.MaxLength)
        {
            throw new StateStoreCorruptException(name, 0, $"a segment of {length} bytes is larger than any that is written");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        var read = file.Read(bytes, 0);
        return read == bytes.Length ? bytes : bytes[..read];
    }

    private static string? Misplaced(SegmentHeader header, long sequence, SegmentEnd? before, Guid? storeId, long snapshotRevision)
    {
        if (header.Sequence != sequence)
        {
            return $"the segment says it is number {header.Sequence}";
        }

        if (storeId is { } expected && header.StoreId != expected)
        {
            return $"the segment belongs to another store, {header.StoreId}, not {expected}";
        }

        if (before is null)
        {
            return header.BaseRevision > snapshotRevision
                ? $"the segment begins after revision {header.BaseRevision}, but only revisions up to {snapshotRevision} are known: a segment before it is missing" : null;
        }

        if (header.Sequence != before.Header.Sequence + 1)
        {
            return $"segment {before.Header.Sequence + 1} is missing";
        }

        return header.PreviousCrc != before.Chain || header.BaseRevision != before.Revision
            ? $"the segment does not follow upon segment {before.Header.Sequence}" : null;
    }

    private static string? CheckFrame(ReadOnlySpan<byte> rest, uint segmentCrc, uint chain, out int length, out uint crc, out long firstRevision)
    {
        (length, crc) = (0, 0);
        if (!LogFormat.TryReadFrameHeader(rest, segmentCrc, out var bodyLength, out firstRevision))
        {
            return "no frame begins here";
        }

        length = LogFormat.FrameHeaderLength + bodyLength;
        if (length > rest.Length)
        {
            return $"a frame of {length} bytes ends beyond the file";
        }

        return LogFormat.Verify(rest[..length], chain, out crc) ? null : "the frame has a wrong checksum";
    }

    // The checksum was right, so what is wrong from here on was written wrong, not torn.
    private static string? ReadRecords(ReadOnlySpan<byte> body, long firstRevision, ILogReplay replay, ref long revision)
    {
        if (firstRevision != revision + 1)
        {
            return $"the frame begins at revision {firstRevision}, where {revision + 1} should follow";
        }

        var reader = new RecordReader(body);
        while (reader.Remaining > 0)
        {
            var record = reader.Take(reader.Int32());
            if (reader.Failed || record.IsEmpty)
            {
                return "a record's length is wrong";
            }

            if (record[0] != (byte)RecordKind.Compact)
            {
                revision++;
            }

            if (revision > replay.Revision || record[0] == (byte)RecordKind.Compact)
            {
                if (replay.Apply(record, revision) is { } wrong)
                {
                    return wrong;
                }
            }
        }

        return null;
    }

    // A commit is synced before the next is written, so a crash leaves damage only in the last frame.
    // A frame after the damage means that it is no torn end but rot in what was acknowledged.
    private bool IsEnd(ILogFile file, string name, ReadOnlySpan<byte> rest, int position, SegmentHeader header, long revision, string wrong)
    {
        if (!rest.ContainsAnyExcept((byte)0))
        {
            return true;
        }

        for (var at = 1; at <= rest.Length - LogFormat.FrameHeaderLength; at++)
        {
            if (LogFormat.TryReadFrameHeader(rest[at..], header.Crc, out _, out var firstRevision) && firstRevision > revision)
            {
                return false;
            }
        }

        var used = rest[..(rest.LastIndexOfAnyExcept((byte)0) + 1)];
        var broken = KeepCopy(name, position, used);
        file.Truncate(position);
        file.Sync();
        logger.TornTailCut(name, position, used.Length, wrong, broken);
        return true;
    }

    // For inspection only: a full disk is no reason not to start.
    private string KeepCopy(string name, int position, ReadOnlySpan<byte> used)
    {
        var broken = $"{name}.{position}{LogFormat.BrokenSuffix}";
        try
        {
            using (var copy = disk.Create(broken))
            {
                copy.Write(used, 0);
                copy.Sync();
            }

            disk.SyncDirectory();
            return broken;
        }
        catch (DiskFullException)
        {
            // What was written of it; where there is none, deleting it is no failure.
            disk.Delete(broken);
            return "no file, for want of room";
        }
    }

    private sealed record SegmentEnd(SegmentHeader Header, int Position, uint Chain, long Revision);
}

/// <summary>The log as recovery leaves it.</summary>
/// <param name="Log">Ready to append.</param>
/// <param name="FirstSequence">The first segment that is still needed.</param>
/// <param name="LastRevision">The last revision in it.</param>
/// <param name="ClosedBytes">Bytes of the segments before the last.</param>
internal sealed record RecoveredLog(SegmentedLog Log, long FirstSequence, long LastRevision, long ClosedBytes);
