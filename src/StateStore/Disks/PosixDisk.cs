using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KubeAspire.StateStore.Disks;

/// <summary>A directory of the real file system.</summary>
internal sealed class PosixDisk : IDisk
{
    /// <summary>The file whose flock is the store's; it holds the owner's process id.</summary>
    public const string LockFile = "lock";

    // Data of the cluster, secrets among them, is for its owner alone.
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _directory;
    private SafeFileHandle? _lock;

    public PosixDisk(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("The embedded state engine needs a POSIX file system.");
        }

        _directory = Path.GetFullPath(directory);
        if (!Directory.Exists(_directory))
        {
            Directory.CreateDirectory(_directory, OwnerOnly | UnixFileMode.UserExecute);
            if (Path.GetDirectoryName(_directory) is { Length: > 0 } parent)
            {
                Posix.SyncDirectory(parent);
            }
        }
    }

    /// <inheritdoc/>
    public string Name => _directory;

    /// <inheritdoc/>
    public void Lock()
    {
        var path = Path.Combine(_directory, LockFile);

        // The base library takes a lock of its own on every file it opens, whatever the share mode.
        var handle = Posix.OpenOrCreate(path);
        Span<byte> text = stackalloc byte[16];
        if (!Posix.TryLock(handle, path))
        {
            var length = RandomAccess.Read(handle, text, 0);
            handle.Dispose();
            throw new StateStoreLockedException(_directory, int.TryParse(text[..length], NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var owner) ? owner : null);
        }

        // In place and of one length: on a full disk there may be no room for a block that was given up.
        RandomAccess.Write(handle, Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n".PadRight(text.Length)), 0);
        _lock = handle;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(_directory).Select(path => Path.GetFileName(path))];

    /// <inheritdoc/>
    public ILogFile Create(string name) => new PosixFile(
        name, Posix.WithRoom(() => File.OpenHandle(Path.Combine(_directory, name), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite)), OwnerOnly);

    /// <inheritdoc/>
    public ILogFile Open(string name) => new PosixFile(name, File.OpenHandle(Path.Combine(_directory, name), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite), null);

    /// <inheritdoc/>
    public void Rename(string from, string to) => Posix.WithRoom(() =>
    {
        File.Move(Path.Combine(_directory, from), Path.Combine(_directory, to), overwrite: true);
        return to;
    });

    /// <inheritdoc/>
    public void Delete(string name) => File.Delete(Path.Combine(_directory, name));

    /// <inheritdoc/>
    public void SyncDirectory() => Posix.SyncDirectory(_directory);

    /// <inheritdoc/>
    public void Dispose() => _lock?.Dispose();

    private sealed class PosixFile : ILogFile
    {
        private readonly string _name;
        private readonly SafeFileHandle _handle;

        public PosixFile(string name, SafeFileHandle handle, UnixFileMode? mode)
        {
            (_name, _handle) = (name, handle);
            if (mode is { } wanted && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(handle, wanted);
            }
        }

        public long Length => RandomAccess.GetLength(_handle);

        public int Read(Span<byte> buffer, long offset)
        {
            var total = 0;
            while (total < buffer.Length)
            {
                var read = RandomAccess.Read(_handle, buffer[total..], offset + total);
                if (read == 0)
                {
                    break;
                }

                total += read;
            }

            return total;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset) => Posix.Write(_handle, bytes, offset, _name);

        public bool Allocate(long offset, long length) => Posix.Allocate(_handle, offset, length, _name);

        public void Truncate(long length) => Posix.Truncate(_handle, length, _name);

        public void Sync() => Posix.SyncData(_handle, _name);

        public void Dispose() => _handle.Dispose();
    }
}
