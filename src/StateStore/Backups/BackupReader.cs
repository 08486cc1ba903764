using System.Security.Cryptography;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;

namespace KubeAspire.StateStore.Backups;

/// <summary>Reads a backup from its beginning to its end, and believes nothing that its checksums do not hold.</summary>
internal sealed class BackupReader : IDisposable
{
    private readonly Stream _stream;
    private readonly string _name;
    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<BackupFile> _files = [];
    private uint _chain;
    private (BackupBlock Kind, byte[] Body, byte[] Before) _next;
    private long _position;
    private long _blockAt;

    /// <summary>Reads the header and the files.</summary>
    /// <param name="stream">The backup.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="BackupDamagedException">It is damaged, or none.</exception>
    public BackupReader(Stream stream, string name)
    {
        (_stream, _name) = (stream, name);
        Header = ReadHeader();
        for (_next = ReadBlock(); _next.Kind == BackupBlock.File; _next = ReadBlock())
        {
            var reader = new RecordReader(_next.Body);
            var file = reader.Text();
            var bytes = reader.Take(reader.Remaining).ToArray();
            if (reader.Failed || !IsBelow(file) || _files.Count == BackupFormat.MaxFiles)
            {
                throw Damaged("a file's name or length is wrong");
            }

            _files.Add(new BackupFile(file, bytes));
        }
    }

    /// <summary>What the backup says of itself.</summary>
    public BackupHeader Header { get; }

    /// <summary>The files beside the store.</summary>
    public IReadOnlyList<BackupFile> Files => _files;

    /// <summary>Entries read so far.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Bytes => _position;

    /// <summary>The entries, once; and with the last of them the proof that nothing is missing.</summary>
    /// <exception cref="BackupDamagedException">It is damaged: what was read before counts for nothing.</exception>
    public IEnumerable<StateEntry> ReadEntries()
    {
        var keys = new KeyInterner();
        StateKey? last = null;
        for (; _next.Kind == BackupBlock.Entries; _next = ReadBlock())
        {
            foreach (var entry in EntriesOf(_next.Body, keys))
            {
                if (entry.Revision > Header.Revision || (last is { } before && before.Collection == entry.Key.Collection && before >= entry.Key))
                {
                    throw Damaged($"{entry.Key} is out of order, or newer than the backup");
                }

                last = entry.Key;
                Count++;
                yield return entry;
            }
        }

        CheckEnd();
    }

    /// <inheritdoc/>
    public void Dispose() => _digest.Dispose();

    private List<StateEntry> EntriesOf(byte[] body, KeyInterner keys)
    {
        var entries = new List<StateEntry>();
        var reader = new RecordReader(body);
        while (reader.Remaining > 0)
        {
            entries.Add(SnapshotFormat.TryReadEntry(ref reader, keys) ?? throw Damaged("an entry's length is wrong, or its fields do not fit together"));
        }

        return entries;
    }

    private BackupHeader ReadHeader()
    {
        var bytes = new byte[BackupFormat.HeaderLength];
        var length = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var reader = new RecordReader(bytes);
        if (!reader.Take(BackupFormat.Magic.Length).SequenceEqual(BackupFormat.Magic))
        {
            throw Damaged(length == 0 ? "the file is empty" : "this is no backup of KubeAspire");
        }

        var version = reader.Int32();
        var header = new BackupHeader(new Guid(reader.Take(16)), reader.Int64(), TimeOf(reader.Int64()));
        _chain = Crc.Of(0, bytes.AsSpan(0, bytes.Length - sizeof(uint)));
        var wrong = length < bytes.Length ? "the header is cut short"
            : reader.UInt32() != _chain ? "the header has a wrong checksum"
            : version != BackupFormat.Version ? $"the format version is {version}; this program reads {BackupFormat.Version}"
            : header.Revision < EmbeddedStateEngine.FirstRevision ? "there is no such revision" : null;
        if (wrong is not null)
        {
            throw Damaged(wrong);
        }

        _digest.AppendData(bytes);
        _position = length;
        return header;
    }

    private (BackupBlock Kind, byte[] Body, byte[] Before) ReadBlock()
    {
        _blockAt = _position;
        var prefix = new byte[BackupFormat.BlockHeaderLength];
        if (_stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            throw Damaged("the backup is cut short");
        }

        var reader = new RecordReader(prefix);
        var kind = (BackupBlock)reader.Byte();
        var length = reader.Int32();
        var crc = reader.UInt32();
        if (length is < 0 or > BackupFormat.MaxBlockLength || kind is < BackupBlock.File or > BackupBlock.End || (_stream.CanSeek && length > _stream.Length - _stream.Position))
        {
            throw Damaged("no block begins here, or it is cut short");
        }

        var body = new byte[length];
        if (_stream.ReadAtLeast(body, length, throwOnEndOfStream: false) < length)
        {
            throw Damaged("the backup is cut short");
        }

        _chain = Crc.Of(Crc.Of(_chain, prefix.AsSpan(0, 5)), body);
        if (crc != _chain)
        {
            throw Damaged("a block has a wrong checksum");
        }

        var before = kind == BackupBlock.End ? _digest.GetCurrentHash() : [];
        _digest.AppendData(prefix);
        _digest.AppendData(body);
        _position += prefix.Length + length;
        return (kind, body, before);
    }

    private void CheckEnd()
    {
        var reader = new RecordReader(_next.Body);
        var (entries, files) = (reader.Int64(), reader.Int32());
        var digest = reader.Take(BackupFormat.DigestLength);
        if (_next.Kind != BackupBlock.End || reader.Failed || reader.Remaining > 0 || entries != Count || files != _files.Count || !digest.SequenceEqual(_next.Before))
        {
            throw Damaged("the end does not fit what stands before it");
        }

        if (_stream.ReadByte() >= 0)
        {
            _blockAt = _position;
            throw Damaged("there is more after the end");
        }
    }

    // A name that would lead out of the directory it is restored to is not one that was written.
    private static bool IsBelow(string file) =>
        file.Length > 0 && !Path.IsPathRooted(file) && file.Split('/').All(part => part is not ("" or "." or "..")) && !file.Contains('\\', StringComparison.Ordinal) && !file.Contains('\0', StringComparison.Ordinal);

    private static DateTimeOffset TimeOf(long milliseconds) =>
        milliseconds is >= 0 and < 253_402_300_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : DateTimeOffset.UnixEpoch;

    private BackupDamagedException Damaged(string reason) => new(_name, _blockAt, reason);
}
