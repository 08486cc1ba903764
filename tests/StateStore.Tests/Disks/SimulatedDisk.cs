using KubeAspire.StateStore.Disks;

namespace KubeAspire.StateStore.Tests.Disks;

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

    /// <summary>The operation that fails with EIO, once; 0 for none.</summary>
    public int ErrorAt { get; set; }

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

    public IReadOnlyList<string> List() => [.. _files.Keys];

    public ILogFile Create(string name)
    {
        Count();
        var file = new SimulatedFile(this);
        ChangeDirectory(files => files[name] = file);
        return file;
    }

    public ILogFile Open(string name) => _files.TryGetValue(name, out var file) ? file : throw new FileNotFoundException(name);

    public void Rename(string from, string to)
    {
        Count();
        ChangeDirectory(files =>
        {
            if (files.Remove(from, out var file))
            {
                files[to] = file;
            }
        });
    }

    public void Delete(string name)
    {
        Count();
        ChangeDirectory(files => files.Remove(name));
    }

    public void SyncDirectory()
    {
        Count();
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
            disk._files[name] = disk._durable[name] = file.AfterPowerLoss(disk, fate);
        }

        return disk;
    }

    /// <summary>A copy of the disk as programs see it, all of it synced.</summary>
    public SimulatedDisk Copy()
    {
        var disk = new SimulatedDisk();
        foreach (var (name, file) in _files)
        {
            disk._files[name] = disk._durable[name] = file.AfterPowerLoss(disk, () => Fate.Keep);
        }

        return disk;
    }

    /// <summary>A file's bytes, for a test to damage.</summary>
    public SimulatedFile File(string name) => _files[name];

    /// <summary>Puts a file under another name, past all counting.</summary>
    public void Place(string name, byte[] bytes) => _files[name] = _durable[name] = new SimulatedFile(this, bytes);

    /// <summary>Takes a file away, past all counting.</summary>
    public void Remove(string name)
    {
        _files.Remove(name);
        _durable.Remove(name);
    }

    internal void Count()
    {
        Operations++;
        if (PowerLost || Operations == PowerLossAt)
        {
            PowerLost = true;
            throw new PowerLossException();
        }

        if (Operations == ErrorAt)
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
