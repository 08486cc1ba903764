using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Snapshots;

/// <summary>Reads a snapshot back, whole or not at all.</summary>
internal static class SnapshotReader
{
    private const int HeaderLength = 8 + sizeof(int) + 16 + sizeof(long) + sizeof(uint);

    /// <summary>Reads a snapshot.</summary>
    /// <param name="disk">Where it is.</param>
    /// <param name="name">The file.</param>
    /// <param name="revision">The revision that its name promises.</param>
    /// <param name="add">Takes each entry, in key order.</param>
    /// <exception cref="StateStoreCorruptException">Any byte of it is not what was written.</exception>
    public static SnapshotHeader Read(IDisk disk, string name, long revision, Action<StateEntry> add)
    {
        using var file = disk.Open(name);
        var header = ReadHeader(file, name, revision, out var chain);
        long position = HeaderLength, count = 0;
        var prefix = new byte[SnapshotWriter.BlockHeaderLength];
        var keys = new KeyInterner();
        while (true)
        {
            var reader = new RecordReader(prefix.AsSpan(0, file.Read(prefix, position)));
            var length = reader.Int32();
            var crc = reader.UInt32();
            var bodyAt = position + prefix.Length;
            var ending = length == 0;
            var bodyLength = ending ? sizeof(long) : length;
            if (reader.Failed || length < 0 || length > SnapshotFormat.MaxBlockLength || bodyAt + bodyLength > file.Length)
            {
                throw new StateStoreCorruptException(name, position, "a block is cut short");
            }

            // A block's entries keep slices of its buffer no longer than they live: each copies its JSON out.
            var body = new byte[bodyLength];
            if (file.Read(body, bodyAt) != bodyLength || Crc.Of(chain, body) != crc)
            {
                throw new StateStoreCorruptException(name, position, "a block has a wrong checksum");
            }

            chain = crc;
            if (ending)
            {
                var end = new RecordReader(body);
                return end.Int64() == count && bodyAt + bodyLength == file.Length
                    ? header : throw new StateStoreCorruptException(name, position, "the end does not fit what stands before it");
            }

            if (!ReadEntries(body, keys, add, ref count))
            {
                throw new StateStoreCorruptException(name, position, "an entry's length is wrong, or its fields do not fit together");
            }

            position = bodyAt + bodyLength;
        }
    }

    private static SnapshotHeader ReadHeader(ILogFile file, string name, long revision, out uint chain)
    {
        var bytes = new byte[HeaderLength];
        if (file.Read(bytes, 0) != HeaderLength)
        {
            throw new StateStoreCorruptException(name, 0, "the header is cut short");
        }

        var reader = new RecordReader(bytes);
        var magic = reader.Take(SnapshotFormat.Magic.Length);
        var version = reader.Int32();
        var storeId = new Guid(reader.Take(16));
        var header = new SnapshotHeader(storeId, reader.Int64());
        chain = Crc.Of(0, bytes.AsSpan(0, HeaderLength - sizeof(uint)));
        var wrong = !magic.SequenceEqual(SnapshotFormat.Magic) ? "this is no snapshot"
            : reader.UInt32() != chain ? "the header has a wrong checksum"
            : version != SnapshotFormat.Version ? $"the format version is {version}; this program reads {SnapshotFormat.Version}"
            : header.Revision != revision ? $"the snapshot is of revision {header.Revision}" : null;
        return wrong is null ? header : throw new StateStoreCorruptException(name, 0, wrong);
    }

    private static bool ReadEntries(ReadOnlySpan<byte> body, KeyInterner keys, Action<StateEntry> add, ref long count)
    {
        var reader = new RecordReader(body);
        while (reader.Remaining > 0)
        {
            if (SnapshotFormat.TryReadEntry(ref reader, keys) is not { } entry)
            {
                return false;
            }

            add(entry);
            count++;
        }

        return true;
    }
}
