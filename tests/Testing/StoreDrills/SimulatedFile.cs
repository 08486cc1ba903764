using KubeAspire.StateStore.Disks;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>A file of <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedFile : ILogFile
{
    private readonly SimulatedDisk _disk;
    private readonly List<(long Offset, byte[]? Bytes, long Length)> _pending = [];
    private byte[] _durable;
    private byte[] _live;

    public SimulatedFile(SimulatedDisk disk, string name, byte[]? bytes = null)
    {
        (_disk, Name) = (disk, name);
        _durable = bytes ?? [];
        _live = [.. _durable];
    }

    /// <summary>What programs call the file now.</summary>
    public string Name { get; set; }

    public long Length => _live.Length;

    /// <summary>The bytes as programs see them.</summary>
    public byte[] Bytes => _live;

    public int Read(Span<byte> buffer, long offset)
    {
        _disk.CountRead();
        var rest = offset < _live.Length ? _live.AsSpan((int)offset) : default;
        rest = rest[..Math.Min(rest.Length, buffer.Length)];
        rest.CopyTo(buffer);
        return rest.Length;
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        var fits = (int)Math.Clamp(_live.Length + _disk.Capacity - _disk.Used - offset, 0, bytes.Length);
        var part = bytes[..(_disk.Capacity == long.MaxValue ? bytes.Length : fits)].ToArray();
        _pending.Add((offset, part, 0));
        Put(ref _live, offset, part);
        _disk.Count("write", Name);
        if (part.Length < bytes.Length)
        {
            throw new DiskFullException("ENOSPC");
        }
    }

    public bool Allocate(long offset, long length)
    {
        var grows = Math.Max(0, offset + length - _live.Length);
        if (_disk.Capacity != long.MaxValue && _disk.Used + grows > _disk.Capacity)
        {
            throw new DiskFullException("ENOSPC");
        }

        Resize(_live.Length + grows, "allocate");
        return true;
    }

    public void Truncate(long length) => Resize(length, "truncate");

    public void Sync()
    {
        _disk.BeforeSync?.Invoke();
        _disk.Count("sync", Name);
        _durable = [.. _live];
        _pending.Clear();
    }

    public void Dispose()
    {
    }

    public SimulatedFile AfterPowerLoss(SimulatedDisk disk, string name, Func<Fate> fate)
    {
        byte[] bytes = [.. _durable];
        foreach (var (offset, written, length) in _pending)
        {
            var end = fate();
            if (written is null)
            {
                if (end is not Fate.Drop)
                {
                    Array.Resize(ref bytes, (int)length);
                }

                continue;
            }

            Land(ref bytes, offset, written, end);
        }

        return new SimulatedFile(disk, name, bytes);
    }

    private static void Land(ref byte[] bytes, long offset, byte[] written, Fate fate)
    {
        // The sector in which the write is torn, counted on the disk.
        var tear = (int)Math.Min(written.Length, (((offset + (written.Length / 2)) / SimulatedDisk.Sector) * SimulatedDisk.Sector) is var at && at > offset ? at - offset : written.Length / 2);
        switch (fate)
        {
            case Fate.Keep:
                Put(ref bytes, offset, written);
                break;
            case Fate.TearLast:
                Put(ref bytes, offset, written[..tear]);
                break;
            case Fate.TearFirst:
                Put(ref bytes, offset + tear, written[tear..]);
                break;
            case Fate.Garble:
                Put(ref bytes, offset, [.. written.Select((value, i) => (byte)(value ^ (0x5A + i)))]);
                break;
            default:
                break;
        }
    }

    private static void Put(ref byte[] bytes, long offset, byte[] part)
    {
        if (part.Length == 0)
        {
            return;
        }

        if (bytes.Length < offset + part.Length)
        {
            Array.Resize(ref bytes, (int)offset + part.Length);
        }

        part.CopyTo(bytes, offset);
    }

    private void Resize(long length, string verb)
    {
        _pending.Add((0, null, length));
        Array.Resize(ref _live, (int)length);
        _disk.Count(verb, Name);
    }
}
