using System.Security.Cryptography;

namespace KubeAspire.NodeAgent.Volumes;

/// <summary>A file of a volume.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="Mode">Its permissions.</param>
internal sealed record VolumeFile(ReadOnlyMemory<byte> Content, UnixFileMode Mode);

/// <summary>
/// Replaces the files of a directory all at once: they lie in a directory named after the moment, the link <c>..data</c> leads to
/// it and is swapped by a rename, and every name that users see is a link through <c>..data</c>.
/// </summary>
/// <remarks>The layout is upstream's (pkg/volume/util/atomic_writer.go): programs watch for the swap of ..data.</remarks>
internal static class AtomicWriter
{
    private const string DataLink = "..data";
    private const string NewDataLink = "..data_tmp";

    private const UnixFileMode DirectoryMode = (UnixFileMode)0b111_101_101; // 0755

    /// <summary>Writes the files unless they are there already.</summary>
    /// <param name="directory">Directory of the volume; exists.</param>
    /// <param name="files">Content by relative path; slashes make directories.</param>
    /// <param name="now">Names the new directory.</param>
    /// <param name="group">Group that owns the files; null for the agent's.</param>
    /// <returns>Whether anything changed.</returns>
    public static bool Write(string directory, IReadOnlyDictionary<string, VolumeFile> files, DateTimeOffset now, long? group = null)
    {
        foreach (var path in files.Keys)
        {
            RequireInside(path);
        }

        var dataLink = Path.Combine(directory, DataLink);
        var current = new DirectoryInfo(dataLink).LinkTarget is { } target ? Path.Combine(directory, target) : null;
        if (current is not null && Same(current, files))
        {
            return false;
        }

        var name = $"..{now.UtcDateTime:yyyy_MM_dd_HH_mm_ss}.{RandomNumberGenerator.GetInt32(1 << 30)}";
        var fresh = Path.Combine(directory, name);
        Directory.CreateDirectory(fresh, DirectoryMode);
        File.SetUnixFileMode(fresh, DirectoryMode); // Whatever the umask took away.
        foreach (var (path, file) in files)
        {
            WriteFile(fresh, path, file, group);
        }

        var newLink = Path.Combine(directory, NewDataLink);
        File.Delete(newLink);
        File.CreateSymbolicLink(newLink, name);
        Native.Rename(newLink, dataLink);

        Link(directory, files.Keys);
        if (current is not null && Directory.Exists(current))
        {
            Directory.Delete(current, recursive: true);
        }

        return true;
    }

    private static void WriteFile(string root, string path, VolumeFile file, long? group)
    {
        var full = Path.Combine(root, path);
        for (var parent = Path.GetDirectoryName(full)!; parent.Length > root.Length; parent = Path.GetDirectoryName(parent)!)
        {
            Directory.CreateDirectory(parent);
            File.SetUnixFileMode(parent, DirectoryMode);
        }

        using (var stream = File.Create(full))
        {
            stream.Write(file.Content.Span);
        }

        if (group is { } gid)
        {
            Native.ChangeGroup(full, gid);
        }

        File.SetUnixFileMode(full, file.Mode);
    }

    // The first part of every path becomes a link; those that are gone from the volume lose theirs.
    private static void Link(string directory, IEnumerable<string> paths)
    {
        var wanted = paths.Select(path => path.Split('/')[0]).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos().Where(entry => !entry.Name.StartsWith("..", StringComparison.Ordinal)))
        {
            if (!wanted.Remove(entry.Name))
            {
                File.Delete(entry.FullName);
            }
        }

        foreach (var name in wanted)
        {
            File.CreateSymbolicLink(Path.Combine(directory, name), $"{DataLink}/{name}");
        }
    }

    private static bool Same(string current, IReadOnlyDictionary<string, VolumeFile> files)
    {
        if (!Directory.Exists(current))
        {
            return false;
        }

        var there = Directory.EnumerateFiles(current, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(current, path)).ToHashSet(StringComparer.Ordinal);
        return there.SetEquals(files.Keys) && files.All(file =>
        {
            var path = Path.Combine(current, file.Key);
            return File.GetUnixFileMode(path) == file.Value.Mode && File.ReadAllBytes(path).AsSpan().SequenceEqual(file.Value.Content.Span);
        });
    }

    // Keys come from users: none may lead out of the volume or collide with our own names.
    private static void RequireInside(string path)
    {
        if (path.Length == 0 || Path.IsPathRooted(path) || path.Contains('\0') || path.Split('/').Any(part => part is "" or "." || part.StartsWith("..", StringComparison.Ordinal)))
        {
            throw new Variables.ReferenceException($"invalid path \"{path}\": must be relative, not contain '..' and not start with '..'");
        }
    }
}
