using KubeAspire.StateStore.Disks;

namespace KubeAspire.StateStore.Log;

/// <summary>The end of the log, where commits are appended. For one thread at a time.</summary>
internal sealed class SegmentedLog : IDisposable
{
    private readonly IDisk _disk;
    private readonly Guid _storeId;
    private readonly long _reserve;
    private readonly long _ahead;
    private ILogFile _file;
    private SegmentHeader _header;
    private uint _chain;
    private long _allocated;
    private bool _canAllocate = true;

    private SegmentedLog(IDisk disk, ILogFile file, SegmentHeader header, long position, uint chain, StateStoreOptions options)
    {
        (_disk, _file, _header, _chain, _storeId) = (disk, file, header, chain, header.StoreId);
        (_reserve, _ahead) = (options.ReserveBytes, options.AllocationBytes);
        Position = position;
        _allocated = Math.Max(position, file.Length);
    }

    /// <summary>Bytes of the current segment in use.</summary>
    public long Position { get; private set; }

    /// <summary>The number of the current segment.</summary>
    public long Sequence => _header.Sequence;

    /// <summary>The store's identity.</summary>
    public Guid StoreId => _storeId;

    /// <summary>Begins the log of a new store.</summary>
    public static SegmentedLog Begin(IDisk disk, Guid storeId, long baseRevision, StateStoreOptions options)
    {
        var (file, header, _) = PrepareSegment(disk, new SegmentHeader(storeId, 1, baseRevision, 0, 0), options.ReserveBytes);
        Install(disk, header.Sequence);
        return new SegmentedLog(disk, file, header, LogFormat.HeaderLength, header.Crc, options);
    }

    /// <summary>Goes on where recovery ended.</summary>
    public static SegmentedLog Continue(IDisk disk, SegmentHeader header, long position, uint chain, StateStoreOptions options) =>
        new(disk, disk.Open(LogFormat.SegmentName(header.Sequence)), header, position, chain, options);

    /// <summary>Takes the room that a frame needs.</summary>
    /// <param name="length">Bytes of the frame.</param>
    /// <param name="keepReserve">Whether the reserve for deletes must remain beyond it.</param>
    /// <exception cref="DiskFullException">There is no room. Nothing has changed.</exception>
    public void TakeRoom(long length, bool keepReserve)
    {
        var wanted = Position + length + (keepReserve ? _reserve : 0);
        if (wanted <= _allocated || !_canAllocate)
        {
            return;
        }

        try
        {
            Allocate(Math.Max(wanted, Position + length + _reserve + _ahead));
        }
        catch (DiskFullException)
        {
            Allocate(wanted);
        }
    }

    /// <summary>Writes a frame and makes it durable.</summary>
    /// <param name="frame">Room for the header, then the body.</param>
    /// <param name="firstRevision">The revision that its first change takes.</param>
    /// <param name="sync">Makes the file durable; measures, too.</param>
    /// <exception cref="DiskFullException">There was no room. Nothing was appended.</exception>
    public void Append(Span<byte> frame, long firstRevision, Action<ILogFile> sync)
    {
        var crc = LogFormat.SealFrame(frame, firstRevision, _header.Crc, _chain);
        try
        {
            _file.Write(frame, Position);
        }
        catch (DiskFullException)
        {
            // What was written of it must not stand where the next frame begins.
            _file.Truncate(Position);
            _allocated = Position;
            throw;
        }

        sync(_file);
        _chain = crc;
        Position += frame.Length;
    }

    /// <summary>Closes the segment and begins the next.</summary>
    /// <exception cref="DiskFullException">There was no room. The current segment goes on.</exception>
    public void Roll(long baseRevision)
    {
        // The next segment has its reserve before this one gives up its own: on a full disk deletes must go on.
        var (file, header, allocated) = PrepareSegment(_disk, new SegmentHeader(_storeId, _header.Sequence + 1, baseRevision, _chain, 0), _reserve);
        try
        {
            // Preallocated zeros belong to the end of the last segment only.
            _file.Truncate(Position);
            _file.SyncOrFail();
            Install(_disk, header.Sequence);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _file.Dispose();
        (_file, _header, _chain) = (file, header, header.Crc);
        Position = LogFormat.HeaderLength;
        _allocated = allocated;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // Under its final name a segment is never seen without a whole header.
    private static (ILogFile File, SegmentHeader Header, long Allocated) PrepareSegment(IDisk disk, SegmentHeader header, long reserve)
    {
        var bytes = LogFormat.Encode(header);
        var file = disk.Create(LogFormat.SegmentName(header.Sequence) + LogFormat.TemporarySuffix);
        try
        {
            file.Write(bytes, 0);
            var allocated = reserve > 0 && file.Allocate(bytes.Length, reserve) ? bytes.Length + reserve : bytes.Length;
            file.Sync();
            LogFormat.Decode(bytes, out var decoded);
            return (file, decoded, allocated);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void Install(IDisk disk, long sequence)
    {
        var name = LogFormat.SegmentName(sequence);
        disk.Rename(name + LogFormat.TemporarySuffix, name);
        disk.SyncDirectoryOrFail();
    }

    private void Allocate(long until)
    {
        if (_file.Allocate(_allocated, until - _allocated))
        {
            _allocated = until;
        }
        else
        {
            _canAllocate = false;
        }
    }
}
