using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeAspire.StateStore.Disks;

/// <summary>
/// The system calls that the base library hides or gets wrong: its flush returns normally on EIO (seen with .NET 10.0.12 on Linux),
/// and it cannot sync a directory.
/// </summary>
internal static partial class Posix
{
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int NoSpace = 28;
    private const int NotSupported = 95;
    private const int QuotaExceeded = 122;
    private const int LockExclusiveNonBlocking = 2 | 4;
    private const int OpenReadCloseOnExec = 0x80000;
    private const int OpenReadWriteCreateCloseOnExec = 0x80000 | 0x40 | 0x2;
    private const int OwnerReadWrite = 0x180;

    /// <summary>fdatasync, checked.</summary>
    public static void SyncData(SafeFileHandle file, string name) =>
        Check(Retry(() => FDataSync(file)), "fdatasync", name);

    /// <summary>Opens a directory and fsyncs it, checked.</summary>
    public static void SyncDirectory(string path)
    {
        using var handle = Open(path, OpenReadCloseOnExec);
        Check(Retry(() => FSync(handle)), "fsync", path);
    }

    /// <summary>Does what the base library does with files, telling a full disk from other failures.</summary>
    public static T WithRoom<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (IOException exception) when (exception.HResult is NoSpace or QuotaExceeded)
        {
            // On Unix the base library keeps the errno there.
            throw new DiskFullException(exception.Message);
        }
    }

    /// <summary>Opens a file for reading and writing, making it for its owner alone where it is missing; takes no lock.</summary>
    public static SafeFileHandle OpenOrCreate(string path) => Open(path, OpenReadWriteCreateCloseOnExec);

    /// <summary>Takes the lock of an open file, or says that another holds it.</summary>
    public static bool TryLock(SafeFileHandle file, string name)
    {
        var error = Retry(() => FLock(file, LockExclusiveNonBlocking));
        if (error == WouldBlock)
        {
            return false;
        }

        Check(error, "flock", name);
        return true;
    }

    /// <summary>fallocate; false where the file system does not offer it.</summary>
    public static bool Allocate(SafeFileHandle file, long offset, long length, string name)
    {
        var error = Retry(() => FAllocate(file, 0, offset, length));
        if (error == NotSupported)
        {
            return false;
        }

        Check(error, "fallocate", name);
        return true;
    }

    /// <summary>pwrite until all is written.</summary>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset, string name)
    {
        while (!bytes.IsEmpty)
        {
            var written = PWrite(file, bytes, bytes.Length, offset);
            if (written < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Interrupted)
                {
                    continue;
                }

                throw Failure(error, "pwrite", name);
            }

            bytes = bytes[(int)written..];
            offset += written;
        }
    }

    /// <summary>ftruncate, checked.</summary>
    public static void Truncate(SafeFileHandle file, long length, string name) =>
        Check(Retry(() => FTruncate(file, length)), "ftruncate", name);

    private static SafeFileHandle Open(string path, int flags)
    {
        var descriptor = Open(path, flags, OwnerReadWrite);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(Marshal.GetLastPInvokeError(), "open", path);
    }

    private static int Retry(Func<int> call)
    {
        while (true)
        {
            if (call() == 0)
            {
                return 0;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                return error;
            }
        }
    }

    private static void Check(int error, string call, string name)
    {
        if (error != 0)
        {
            throw Failure(error, call, name);
        }
    }

    private static IOException Failure(int error, string call, string name)
    {
        var message = $"{call} of {name} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
        return error is NoSpace or QuotaExceeded ? new DiskFullException(message) : new IOException(message);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int FTruncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint PWrite(SafeFileHandle file, ReadOnlySpan<byte> bytes, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);
}
