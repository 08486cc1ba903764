using KubeAspire.StateStore.Disks;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>The power went.</summary>
internal sealed class PowerLossException() : IOException("the power went");

/// <summary>What becomes of a write that was never synced when the power goes.</summary>
internal enum Fate
{
    /// <summary>It never reached the disk.</summary>
    Drop,

    /// <summary>It did.</summary>
    Keep,

    /// <summary>Its first sectors did.</summary>
    TearLast,

    /// <summary>Its last sectors did.</summary>
    TearFirst,

    /// <summary>Its sectors hold garbage.</summary>
    Garble,
}

/// <summary>
/// A directory in memory that keeps apart what was synced and what was not. It counts what changes it; at a chosen operation the power
/// goes, an error is returned, or there is no more room.
/// </summary>
internal sealed class SimulatedDisk : IDisk
{
    /// <summary>Bytes that reach the disk together.</summary>
    public const int Sector = 512;

    private readonly Dictionary<string, SimulatedFile> _files = [];
    private readonly Dictionary<string, SimulatedFile> _durable = [];
    private readonly List<Action<Dictionary<string, SimulatedFile>>> _pending = [];

    public string Name => "simulated";

    /// <summary>Changing operations so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The operation at which the power goes; 0 for never.</summary>
    public int PowerLossAt { get; set; }

    /// <summary>The changing operation that fails, once; 0 for none.</summary>
    public int ErrorAt { get; set; }

    /// <summary>Whether what fails does so for want of room (ENOSPC) and not with EIO.</summary>
    public bool ErrorIsNoSpace { get; set; }

    /// <summary>Whether every changing operation from <see cref="ErrorAt"/> on fails, not that one alone.</summary>
    public bool ErrorLasts { get; set; }

    /// <summary>Operations so far that change nothing: opening, reading, listing.</summary>
    public int Reads { get; private set; }

    /// <summary>The reading operation that fails with EIO, once; 0 for none.</summary>
    public int ReadErrorAt { get; set; }

    /// <summary>Receives each changing operation as a verb and a file, before it happens; null for no record.</summary>
    public List<string>? Journal { get; set; }

    /// <summary>Bytes that the files may take in all.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>Called before each sync of a file: a test makes other writes wait meanwhile, or looks at what is visible.</summary>
    public Action? BeforeSync { get; set; }

    /// <summary>Bytes taken by the files.</summary>
    public long Used => _files.Values.Distinct().Sum(file => file.Length);

    public bool PowerLost { get; private set; }

    public void Lock()
    {
    }

    public IReadOnlyList<string> List()
    {
        CountRead();
        return [.. _files.Keys];
    }

    public ILogFile Create(string name)
    {
        Count("create", name);
        var file = new SimulatedFile(this, name);
        ChangeDirectory(files => files[name] = file);
        return file;
    }

    public ILogFile Open(string name)
    {
        CountRead();
        return _files.TryGetValue(name, out var file) ? file : throw new FileNotFoundException(name);
    }

    public void Rename(string from, string to)
    {
        Count("rename", to);
        ChangeDirectory(files =>
        {
            if (files.Remove(from, out var file))
            {
                file.Name = to;
                files[to] = file;
            }
        });
    }

    public void Delete(string name)
    {
        Count("delete", name);
        ChangeDirectory(files => files.Remove(name));
    }

    public void SyncDirectory()
    {
        Count("sync", "the directory");
        _pending.ForEach(change => change(_durable));
        _pending.Clear();
    }

    public void Dispose()
    {
    }

    /// <summary>The disk as it is found when the power is back.</summary>
    /// <param name="fate">What becomes of each write that was not synced.</param>
    /// <param name="directoryChanges">How many of so many unsynced changes of the directory happened.</param>
    public SimulatedDisk AfterPowerLoss(Func<Fate> fate, Func<int, int> directoryChanges)
    {
        var files = new Dictionary<string, SimulatedFile>(_durable);
        _pending.Take(directoryChanges(_pending.Count)).ToList().ForEach(change => change(files));
        var disk = new SimulatedDisk();
        foreach (var (name, file) in files)
        {
            disk._files[name] = disk._durable[name] = file.AfterPowerLoss(disk, name, fate);
        }

        return disk;
    }

    /// <summary>A copy of the disk as programs see it, all of it synced.</summary>
    public SimulatedDisk Copy()
    {
        var disk = new SimulatedDisk();
        foreach (var (name, file) in _files)
        {
            disk._files[name] = disk._durable[name] = file.AfterPowerLoss(disk, name, () => Fate.Keep);
        }

        return disk;
    }

    /// <summary>A file's bytes, for a test to damage.</summary>
    public SimulatedFile File(string name) => _files[name];

    /// <summary>Puts a file under another name, past all counting.</summary>
    public void Place(string name, byte[] bytes) => _files[name] = _durable[name] = new SimulatedFile(this, name, bytes);

    /// <summary>Takes a file away, past all counting.</summary>
    public void Remove(string name)
    {
        _files.Remove(name);
        _durable.Remove(name);
    }

    internal void Count(string verb, string file)
    {
        Operations++;
        Journal?.Add($"{verb} {file}");
        if (PowerLost || Operations == PowerLossAt)
        {
            PowerLost = true;
            throw new PowerLossException();
        }

        if (Operations == ErrorAt || (ErrorLasts && ErrorAt > 0 && Operations > ErrorAt))
        {
            throw ErrorIsNoSpace ? new DiskFullException("ENOSPC") : new IOException("EIO");
        }
    }

    internal void CountRead()
    {
        Reads++;
        if (Reads == ReadErrorAt)
        {
            throw new IOException("EIO");
        }
    }

    private void ChangeDirectory(Action<Dictionary<string, SimulatedFile>> change)
    {
        change(_files);
        _pending.Add(change);
    }
}
