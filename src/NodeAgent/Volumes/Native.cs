using System.ComponentModel;
using System.Runtime.InteropServices;

namespace KubeAspire.NodeAgent.Volumes;

/// <summary>What the base library has no call for.</summary>
internal static partial class Native
{
    private const int DetachLazily = 2; // MNT_DETACH

    /// <summary>Renames, replacing even a link to a directory in one step.</summary>
    public static void Rename(string from, string to) => Check(RenameCore(from, to), $"rename {from} to {to}");

    /// <summary>Gives a file to a group.</summary>
    public static void ChangeGroup(string path, long group) => Check(ChownCore(path, unchecked((uint)-1), (uint)group), $"give {path} to group {group}");

    /// <summary>Mounts a file system in memory.</summary>
    /// <param name="path">An existing directory.</param>
    /// <param name="options">Such as <c>size=65536,mode=1777</c>.</param>
    public static void MountTmpfs(string path, string options) => Check(MountCore("tmpfs", path, "tmpfs", 0, options), $"mount tmpfs at {path}");

    /// <summary>Unmounts; one that is not mounted is fine.</summary>
    public static void Unmount(string path) => _ = UnmountCore(path, DetachLazily);

    private static void Check(int result, string what)
    {
        if (result != 0)
        {
            throw new IOException($"could not {what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCore(string from, string to);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChownCore(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCore(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnmountCore(string target, int flags);
}
