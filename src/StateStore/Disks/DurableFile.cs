namespace KubeAspire.StateStore.Disks;

/// <summary>Small files of secrets beside the store, such as keys: replaced whole, durable before anything is built on them, for their owner alone.</summary>
public static class DurableFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file beside its name, syncs it, renames it, and syncs the directory: after a loss of power there is the old file or the new.</summary>
    /// <param name="file">The file.</param>
    /// <param name="besideSuffix">What the name of the unfinished file ends in.</param>
    /// <param name="bytes">What goes in.</param>
    public static void Replace(string file, string besideSuffix, ReadOnlySpan<byte> bytes)
    {
        file = Path.GetFullPath(file);
        var beside = file + besideSuffix;
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var stream = new FileStream(beside, options))
        {
            stream.Write(bytes);
            stream.Flush();
            if (!OperatingSystem.IsWindows())
            {
                // One that a crash left keeps the mode it had.
                File.SetUnixFileMode(stream.SafeFileHandle, OwnerOnly);
                Posix.SyncData(stream.SafeFileHandle, beside);
            }
        }

        File.Move(beside, file, overwrite: true);
        if (!OperatingSystem.IsWindows())
        {
            Posix.SyncDirectory(Path.GetDirectoryName(file)!);
        }
    }
}
