using KubeAspire.StateStore.Disks;

namespace KubeAspire.StoreHost;

/// <summary>A disk whose syncs take longer by a fixed time.</summary>
internal sealed class SlowDisk(IDisk disk, TimeSpan delay) : IDisk
{
    public string Name => disk.Name;

    public void Lock() => disk.Lock();

    public IReadOnlyList<string> List() => disk.List();

    public ILogFile Create(string name) => new SlowFile(disk.Create(name), delay);

    public ILogFile Open(string name) => new SlowFile(disk.Open(name), delay);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void Delete(string name) => disk.Delete(name);

    public void SyncDirectory()
    {
        Wait(delay);
        disk.SyncDirectory();
    }

    public void Dispose() => disk.Dispose();

    // A disk holds its caller's thread up, and so does this one.
    private static void Wait(TimeSpan time)
    {
        using var never = new ManualResetEventSlim();
        never.Wait(time);
    }

    private sealed class SlowFile(ILogFile file, TimeSpan delay) : ILogFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> buffer, long offset) => file.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> bytes, long offset) => file.Write(bytes, offset);

        public bool Allocate(long offset, long length) => file.Allocate(offset, length);

        public void Truncate(long length) => file.Truncate(length);

        public void Sync()
        {
            Wait(delay);
            file.Sync();
        }

        public void Dispose() => file.Dispose();
    }
}
