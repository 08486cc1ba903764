using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;

namespace KubeAspire.StateStore.Backups;

/// <summary>Keeps and uses backups as files. Writing, verifying and restoring are each whole or not at all.</summary>
public static class StateBackup
{
    /// <summary>
    /// How far a restore moves the revision on. 10⁹: more than a cluster writes between two backups, so that no resourceVersion handed out
    /// since the backup means anything in the restored store; clients who hold one are told to list again.
    /// </summary>
    public const long RevisionJump = 1_000_000_000;

    private const string BesideSuffix = ".partial";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file beside its name, verifies it, makes it durable, and gives it its name.</summary>
    /// <param name="file">Where the backup goes; what is there already is replaced only by a good one. Readable by its owner alone: it holds secrets.</param>
    /// <param name="write">Writes the backup.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <exception cref="BackupDamagedException">What was written is no whole backup.</exception>
    public static async Task<BackupSummary> SaveAsync(string file, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        file = Path.GetFullPath(file);
        var beside = file + BesideSuffix;
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            BackupSummary summary;
            await using (var stream = new FileStream(beside, options))
            {
                if (!OperatingSystem.IsWindows())
                {
                    // An earlier attempt's file keeps the mode it had.
                    File.SetUnixFileMode(stream.SafeFileHandle, OwnerOnly);
                }

                await write(stream);
                await stream.FlushAsync(cancellationToken);
                Posix.SyncData(stream.SafeFileHandle, beside);
                stream.Position = 0;
                summary = Verify(stream, file);
            }

            File.Move(beside, file, overwrite: true);
            Posix.SyncDirectory(Path.GetDirectoryName(file)!);
            return summary;
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>Reads a backup to its end.</summary>
    /// <exception cref="BackupDamagedException">It is damaged, cut short, or none.</exception>
    public static BackupSummary Verify(string file)
    {
        using var stream = File.OpenRead(file);
        return Verify(stream, file);
    }

    /// <summary>
    /// Makes a data directory of a backup: the store in a folder of it, the files beside that. It is made beside its name and renamed when all
    /// of it is durable: a crash leaves nothing under the name, or everything.
    /// </summary>
    /// <param name="file">The backup.</param>
    /// <param name="directory">What to make. It must not be there, or be empty.</param>
    /// <param name="storeFolder">The folder of the store below it.</param>
    /// <returns>What was restored; the store's revision is <see cref="RevisionJump"/> beyond that of the backup.</returns>
    /// <exception cref="BackupDamagedException">The backup is damaged. Nothing was made.</exception>
    /// <exception cref="StateStoreException">The directory is not empty. Nothing was changed.</exception>
    public static BackupSummary Restore(string file, string directory, string storeFolder)
    {
        directory = Path.GetFullPath(directory).TrimEnd(Path.DirectorySeparatorChar);
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new StateStoreException($"{directory} is not empty: a backup is restored to an empty place only");
        }

        using var stream = File.OpenRead(file);
        using var reader = new BackupReader(stream, file);
        var beside = directory + BesideSuffix;
        if (Directory.Exists(beside))
        {
            // A restore that a crash cut short.
            Directory.Delete(beside, recursive: true);
        }

        try
        {
            var store = Path.Combine(beside, storeFolder);
            MakeFolder(store);
            RestoreStore(reader, store);
            RestoreFiles(reader.Files, beside);
            SyncFolders(beside);
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory);
            }

            Directory.Move(beside, directory);
            Posix.SyncDirectory(Path.GetDirectoryName(directory)!);
        }
        catch when (Directory.Exists(beside))
        {
            Directory.Delete(beside, recursive: true);
            throw;
        }

        return Summary(reader);
    }

    private static BackupSummary Verify(Stream stream, string file)
    {
        using var reader = new BackupReader(stream, file);
        foreach (var _ in reader.ReadEntries())
        {
        }

        return Summary(reader);
    }

    internal static BackupSummary Summary(BackupReader reader) => new(reader.Header, reader.Count, [.. reader.Files.Select(one => one.Name)], reader.Bytes);

    // A snapshot of the raised revision and the empty log upon it: history begins there, so whatever was before is compacted.
    // The store is a new one: no segment of the old can be taken for one of its own.
    private static void RestoreStore(BackupReader reader, string folder)
    {
        using var disk = new PosixDisk(folder);
        var storeId = Guid.NewGuid();
        var revision = checked(reader.Header.Revision + RevisionJump);
        SnapshotWriter.Write(disk, new SnapshotHeader(storeId, revision), reader.ReadEntries(), CancellationToken.None);
        SegmentedLog.Begin(disk, storeId, revision, new StateStoreOptions { Directory = folder }).Dispose();
    }

    private static void RestoreFiles(IReadOnlyList<BackupFile> files, string directory)
    {
        foreach (var file in files)
        {
            var path = Path.Combine(directory, file.Name.Replace('/', Path.DirectorySeparatorChar));
            MakeFolder(Path.GetDirectoryName(path)!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using var stream = new FileStream(path, options);
            stream.Write(file.Bytes.Span);
            stream.Flush();
            Posix.SyncData(stream.SafeFileHandle, path);
        }
    }

    // Each on its own: made in one call, those above the last would be open to everyone.
    private static void MakeFolder(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } above)
        {
            MakeFolder(above);
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    private static void SyncFolders(string root)
    {
        foreach (var folder in Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories).Append(root))
        {
            Posix.SyncDirectory(folder);
        }
    }
}
