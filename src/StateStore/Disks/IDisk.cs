namespace KubeAspire.StateStore.Disks;

/// <summary>One directory of files, as the store uses it: the seam where the disk begins. Tests put a disk here that loses power.</summary>
/// <remarks>
/// Nothing written is durable before <see cref="ILogFile.Sync"/>; no creation, rename or deletion before <see cref="SyncDirectory"/>.
/// Failures are <see cref="IOException"/>; no room is <see cref="DiskFullException"/>, upon which nothing is changed but a write that may have
/// been done in part. A sync that fails for want of room is a failed sync like any other: it never throws <see cref="DiskFullException"/>.
/// </remarks>
internal interface IDisk : IDisposable
{
    /// <summary>What to call the directory in messages.</summary>
    string Name { get; }

    /// <summary>Takes the directory for this process until disposal.</summary>
    /// <exception cref="StateStoreLockedException">Another has it.</exception>
    void Lock();

    /// <summary>The names of all files.</summary>
    IReadOnlyList<string> List();

    /// <summary>Creates an empty file, or empties the one that is there.</summary>
    ILogFile Create(string name);

    /// <summary>Opens a file for reading and writing.</summary>
    ILogFile Open(string name);

    /// <summary>Renames, replacing what has the new name.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file.</summary>
    void Delete(string name);

    /// <summary>Makes creations, renames and deletions durable.</summary>
    void SyncDirectory();
}

/// <summary>A file written in order, read at recovery.</summary>
internal interface ILogFile : IDisposable
{
    /// <summary>Size in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to the buffer's length; fewer only at the end of the file.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes all of the bytes.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Reserves blocks, extending the file with zeros. False where the file system cannot.</summary>
    bool Allocate(long offset, long length);

    /// <summary>Makes the file this long.</summary>
    void Truncate(long length);

    /// <summary>Makes all that was written durable: fdatasync. After a failure the file's state is unknown: never try again.</summary>
    void Sync();
}

/// <summary>ENOSPC or EDQUOT.</summary>
internal sealed class DiskFullException(string message) : IOException(message);
