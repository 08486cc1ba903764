using System.Buffers.Binary;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;
using Xunit;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>
/// Lengths that lie, under checksums that are right: what an attacker or a broken writer would leave, beyond any rot. The store refuses with
/// file and offset, or opens where a length turned out to be harmless; it never takes memory for what is not there.
/// </summary>
internal static class LengthDrill
{
    /// <summary>Bytes that opening a small store may allocate, beyond the size of its files. 1 MiB, where a length that is believed asks for up to 2 GiB.</summary>
    private const long AllocatedMost = 1 << 20;

    private const int SnapshotHeaderLength = 40;
    private static readonly int[] s_lengths = [int.MinValue, int.MaxValue, -1, -2, 0, 1, 2, 1 << 30, (1 << 30) + 1, LogFormat.MaxBodyLength, LogFormat.MaxBodyLength + 1, 65_535, 65_536, 32_768];

    /// <summary>Lies about one length of a log, drawn from a seed.</summary>
    /// <returns>Whether the store refused; otherwise it opened.</returns>
    public static async Task<bool> LieInLogAsync(WrittenLog log, int seed)
    {
        var random = new Random(seed);
        var disk = log.Disk.Copy();
        var bytes = disk.File(log.File).Bytes;
        LogFormat.Decode(bytes, out var header);
        var frame = random.Next(log.Ends.Count - 1);
        var at = log.Ends[frame];
        var body = at + LogFormat.FrameHeaderLength;
        if (random.Next(4) == 0)
        {
            // The frame's own length, with the header's checksum made right again.
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 4), Draw(random, bytes.Length));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at + 16), Crc.Of(header.Crc, bytes.AsSpan(at, 16)));
        }
        else
        {
            Lie(random, bytes.AsSpan(body, log.Ends[frame + 1] - body), keyAt: sizeof(int) + 1, recordLength: true);
        }

        // Frames build on each other, so all from the first are sealed anew; a wrong frame length is kept.
        var chain = header.Crc;
        for (var i = 0; i < log.Ends.Count - 1; i++)
        {
            var whole = bytes.AsSpan(log.Ends[i], log.Ends[i + 1] - log.Ends[i]);
            chain = Crc.Of(Crc.Of(chain, whole[..LogFormat.BodyCrcAt]), whole[LogFormat.FrameHeaderLength..]);
            BinaryPrimitives.WriteUInt32LittleEndian(whole[LogFormat.BodyCrcAt..], chain);
        }

        return await RefusesAsync(log, disk, $"log, seed {seed}");
    }

    /// <summary>Lies about one length of a snapshot of one block, drawn from a seed.</summary>
    /// <returns>Whether the store refused; otherwise it opened.</returns>
    public static async Task<bool> LieInSnapshotAsync(WrittenLog snapshot, int seed)
    {
        var random = new Random(seed);
        var disk = snapshot.Disk.Copy();
        var bytes = disk.File(snapshot.File).Bytes;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(SnapshotHeaderLength));
        var body = SnapshotHeaderLength + SnapshotWriter.BlockHeaderLength;
        var end = body + length;
        switch (random.Next(5))
        {
            case 0:
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(SnapshotHeaderLength), Draw(random, bytes.Length));
                break;
            case 1:
                // The count at the end.
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(end + SnapshotWriter.BlockHeaderLength), Draw(random, bytes.Length));
                break;
            default:
                Lie(random, bytes.AsSpan(body, length), keyAt: 0, recordLength: false);
                break;
        }

        var chain = Crc.Of(0, bytes.AsSpan(0, SnapshotHeaderLength - sizeof(uint)));
        chain = Crc.Of(chain, bytes.AsSpan(body, length));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(SnapshotHeaderLength + sizeof(int)), chain);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(end + sizeof(int)), Crc.Of(chain, bytes.AsSpan(end + SnapshotWriter.BlockHeaderLength, sizeof(long))));
        return await RefusesAsync(snapshot, disk, $"snapshot, seed {seed}");
    }

    // The lengths of the first record: its own, those of the three parts of its key, and what follows the key.
    private static void Lie(Random random, Span<byte> record, int keyAt, bool recordLength)
    {
        var which = random.Next(recordLength ? 6 : 5);
        if (which == 5)
        {
            BinaryPrimitives.WriteInt32LittleEndian(record, Draw(random, record.Length));
            return;
        }

        var at = keyAt;
        for (var part = 0; part < which && part < 3; part++)
        {
            at += sizeof(ushort) + BinaryPrimitives.ReadUInt16LittleEndian(record[at..]);
        }

        if (which < 3)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(record[at..], (ushort)Draw(random, record.Length));
        }
        else
        {
            // Of a log the offset of the digits; of a snapshot the two revisions, that offset, and the length of the JSON. Any of their bytes.
            at += which == 3 || recordLength ? 0 : (2 * sizeof(long)) + (random.Next(2) * sizeof(int));
            BinaryPrimitives.WriteInt32LittleEndian(record[Math.Min(at, record.Length - sizeof(int))..], Draw(random, record.Length));
        }
    }

    private static int Draw(Random random, int near) => random.Next(3) switch
    {
        0 => s_lengths[random.Next(s_lengths.Length)],
        1 => near + random.Next(-64, 64),
        _ => random.Next(int.MinValue, int.MaxValue),
    };

    private static async Task<bool> RefusesAsync(WrittenLog log, SimulatedDisk disk, string where)
    {
        var size = disk.Used;
        var before = GC.GetAllocatedBytesForCurrentThread();
        EmbeddedStateEngine? engine = null;
        try
        {
            engine = log.Open(disk);
        }
        catch (StateStoreCorruptException refused)
        {
            Assert.InRange(refused.Offset, 0, size);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < AllocatedMost + (16 * size), $"{where}: {allocated} bytes were taken for a store of {size}");
        if (engine is null)
        {
            return true;
        }

        // It opened: then it can be read and written.
        await engine.ListAsync(new StateRange("pods"), 0, 0, null, CancellationToken.None);
        var write = await engine.CreateAsync(new StateKey("pods", "after", "x"), StateObjects.Value("x"), CancellationToken.None);
        Assert.Equal(StateOutcome.Committed, write.Outcome);
        await engine.DisposeAsync();
        return false;
    }
}
