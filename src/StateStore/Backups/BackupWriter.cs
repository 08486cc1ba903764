using System.Buffers.Binary;
using System.Security.Cryptography;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;

namespace KubeAspire.StateStore.Backups;

/// <summary>Writes a backup to a stream, without ever going back in it: it may be a connection.</summary>
public static class BackupWriter
{
    /// <summary>Writes a copy of a store, and the files that belong to it.</summary>
    /// <param name="stream">Takes the backup; it holds secrets.</param>
    /// <param name="copy">The store.</param>
    /// <param name="files">What else is needed to use it.</param>
    /// <param name="takenAt">The time that the backup says.</param>
    /// <param name="cancellationToken">Gives up; what was written by then is no backup.</param>
    public static async Task<BackupSummary> WriteAsync(
        Stream stream, StateCopy copy, IReadOnlyList<BackupFile> files, DateTimeOffset takenAt, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(files.Count, BackupFormat.MaxFiles, nameof(files));

        // Milliseconds are what the file keeps.
        var header = new BackupHeader(copy.StoreId, copy.Revision, DateTimeOffset.FromUnixTimeMilliseconds(takenAt.ToUnixTimeMilliseconds()));
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var writing = new Writing(stream, digest, cancellationToken);
        await writing.HeaderAsync(header);
        foreach (var file in files)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(file.Bytes.Length, BackupFormat.MaxFileBytes, nameof(files));
            writing.Buffer.Text(file.Name);
            writing.Buffer.Bytes(file.Bytes.Span);
            await writing.BlockAsync(BackupBlock.File);
        }

        long entries = 0;
        foreach (var entry in copy.Entries)
        {
            SnapshotFormat.AddEntry(writing.Buffer, entry);
            entries++;
            if (writing.Buffer.Length >= BackupFormat.BlockLength)
            {
                await writing.BlockAsync(BackupBlock.Entries);
            }
        }

        if (writing.Buffer.Length > BackupFormat.BlockHeaderLength)
        {
            await writing.BlockAsync(BackupBlock.Entries);
        }

        writing.Buffer.Int64(entries);
        writing.Buffer.Int32(files.Count);
        writing.Buffer.Bytes(digest.GetCurrentHash());
        await writing.BlockAsync(BackupBlock.End);
        await stream.FlushAsync(cancellationToken);
        return new BackupSummary(header, entries, [.. files.Select(file => file.Name)], writing.Written);
    }

    private sealed class Writing(Stream stream, IncrementalHash digest, CancellationToken cancellationToken)
    {
        private uint _chain;

        public RecordBuffer Buffer { get; } = new();

        public long Written { get; private set; }

        public async Task HeaderAsync(BackupHeader header)
        {
            Buffer.Bytes(BackupFormat.Magic);
            Buffer.Int32(BackupFormat.Version);
            header.StoreId.TryWriteBytes(Buffer.Take(16));
            Buffer.Int64(header.Revision);
            Buffer.Int64(header.TakenAt.ToUnixTimeMilliseconds());
            _chain = Crc.Of(0, Buffer.Written);
            Buffer.UInt32(_chain);
            await FlushAsync();
        }

        public async Task BlockAsync(BackupBlock kind)
        {
            Seal(kind);
            await FlushAsync();
        }

        private void Seal(BackupBlock kind)
        {
            var block = Buffer.At(0, Buffer.Length);
            block[0] = (byte)kind;
            BinaryPrimitives.WriteInt32LittleEndian(block[1..], block.Length - BackupFormat.BlockHeaderLength);
            _chain = Crc.Of(Crc.Of(_chain, block[..5]), block[BackupFormat.BlockHeaderLength..]);
            BinaryPrimitives.WriteUInt32LittleEndian(block[5..], _chain);
        }

        // Leaves room for the next block's header.
        private async Task FlushAsync()
        {
            digest.AppendData(Buffer.Written);
            await stream.WriteAsync(Buffer.Written.ToArray(), cancellationToken);
            Written += Buffer.Length;
            Buffer.Clear();
            Buffer.Take(BackupFormat.BlockHeaderLength).Clear();
        }
    }
}
