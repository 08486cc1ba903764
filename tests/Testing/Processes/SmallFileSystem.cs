namespace KubeAspire.Testing.Processes;

/// <summary>A file system of its own, of a few MiB in memory (tmpfs), to be filled. Only root may mount one.</summary>
public sealed class SmallFileSystem : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private string? _ballast;

    private SmallFileSystem(DirectoryInfo directory) => _directory = directory;

    /// <summary>Where it is mounted.</summary>
    public string Path => _directory.FullName;

    /// <summary>Mounts one, or says why not.</summary>
    public static async Task<(SmallFileSystem? Mounted, string? WhyNot)> MountAsync(int mebibytes, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return (null, "only root on Linux may mount a small file system");
        }

        var directory = Directory.CreateTempSubdirectory("kubeaspire-small-");
        var (exitCode, output) = await SystemTools.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={mebibytes}m,mode=700", "tmpfs", directory.FullName], cancellationToken);
        if (exitCode == 0)
        {
            return (new SmallFileSystem(directory), null);
        }

        directory.Delete();
        return (null, $"a small file system cannot be mounted here: {output}");
    }

    /// <summary>Takes room with a file.</summary>
    public async Task TakeAsync(int bytes)
    {
        _ballast = System.IO.Path.Combine(Path, "ballast");
        await File.WriteAllBytesAsync(_ballast, new byte[bytes]);
    }

    /// <summary>Gives the room back.</summary>
    public void GiveBack() => File.Delete(_ballast!);

    /// <summary>Unmounts it, and forgets what was on it.</summary>
    public async ValueTask DisposeAsync()
    {
        // Lazily: a process that was just killed may still be on its way out.
        await SystemTools.RunAsync("umount", ["-l", Path], CancellationToken.None);
        _directory.Delete();
    }
}
