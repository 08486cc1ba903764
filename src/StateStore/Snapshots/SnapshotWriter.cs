using System.Buffers.Binary;
using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Snapshots;

/// <summary>Writes the whole state to a file: beside the old one, synced, then in its place.</summary>
internal static class SnapshotWriter
{
    /// <summary>Writes the snapshot.</summary>
    /// <returns>Bytes written and entries in it.</returns>
    /// <exception cref="DiskFullException">There was no room; nothing is left behind but a temporary file.</exception>
    public static (long Bytes, long Entries) Write(IDisk disk, SnapshotHeader header, IEnumerable<StateEntry> entries, CancellationToken cancellationToken)
    {
        var name = SnapshotFormat.NameOf(header.Revision);
        var temporary = name + LogFormat.TemporarySuffix;
        long position = 0, count = 0;
        using (var file = disk.Create(temporary))
        {
            var buffer = new RecordBuffer();
            buffer.Bytes(SnapshotFormat.Magic);
            buffer.Int32(SnapshotFormat.Version);
            header.StoreId.TryWriteBytes(buffer.Take(16));
            buffer.Int64(header.Revision);
            var chain = Crc.Of(0, buffer.Written);
            buffer.UInt32(chain);
            Flush(file, buffer, ref position);

            BeginBlock(buffer);
            foreach (var entry in entries)
            {
                SnapshotFormat.AddEntry(buffer, entry);
                count++;
                if (buffer.Length >= SnapshotFormat.BlockLength)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    chain = SealBlock(buffer, chain);
                    Flush(file, buffer, ref position);
                    BeginBlock(buffer);
                }
            }

            if (buffer.Length > BlockHeaderLength)
            {
                chain = SealBlock(buffer, chain);
                Flush(file, buffer, ref position);
            }

            buffer.Clear();
            BeginBlock(buffer);
            buffer.Int64(count);
            SealBlock(buffer, chain);
            buffer.At(0, sizeof(int)).Clear();
            Flush(file, buffer, ref position);
            file.Sync();
        }

        disk.Rename(temporary, name);
        disk.SyncDirectory();
        return (position, count);
    }

    /// <summary>Length and checksum.</summary>
    public const int BlockHeaderLength = 2 * sizeof(int);

    private static void BeginBlock(RecordBuffer buffer) => buffer.Take(BlockHeaderLength).Clear();

    private static uint SealBlock(RecordBuffer buffer, uint chain)
    {
        var length = buffer.Length - BlockHeaderLength;
        var crc = Crc.Of(chain, buffer.Written[BlockHeaderLength..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.At(0, sizeof(int)), length);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.At(sizeof(int), sizeof(uint)), crc);
        return crc;
    }

    private static void Flush(ILogFile file, RecordBuffer buffer, ref long position)
    {
        file.Write(buffer.Written, position);
        position += buffer.Length;
        buffer.Clear();
    }
}
