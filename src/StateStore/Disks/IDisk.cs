namespace KubeAspire.StateStore.Disks;

/// <summary>One directory of files, as the store uses it: the seam where the disk begins. Tests put a disk here that loses power.</summary>
/// <remarks>
/// Nothing written is durable before <see cref="ILogFile.Sync"/>; no creation, rename or deletion before <see cref="SyncDirectory"/>.
/// Failures are <see cref="IOException"/>; no room is <see cref="DiskFullException"/>, upon which nothing has changed but a write that may have been
/// done in part. A sync may lack room, too (delayed allocation, a network file system), and is then a failed sync like any other: what is on disk is
/// unknown. <see cref="DiskRules"/> is for whoever depends on it; a temporary file that can be thrown away does not.
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

/// <summary>What must not be taken for a full disk that one can live with.</summary>
internal static class DiskRules
{
    /// <summary>Syncs a file whose content is depended upon: whatever fails is a failure, want of room included.</summary>
    public static void SyncOrFail(this ILogFile file)
    {
        try
        {
            file.Sync();
        }
        catch (DiskFullException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    /// <summary>As <see cref="SyncOrFail"/>, of the directory.</summary>
    public static void SyncDirectoryOrFail(this IDisk disk)
    {
        try
        {
            disk.SyncDirectory();
        }
        catch (DiskFullException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }
}

/// <summary>ENOSPC or EDQUOT.</summary>
internal sealed class DiskFullException(string message) : IOException(message);
