using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Commands;

/// <summary>One launcher a state directory: the lock that the running one holds, with its process id inside.</summary>
internal sealed class ClusterLock : IDisposable
{
    /// <summary>Name of the file that says which process holds the lock.</summary>
    public const string OwnerFile = "launcher.pid";

    private readonly FileStream _file;
    private readonly string _owner;

    private ClusterLock(FileStream file, string owner) => (_file, _owner) = (file, owner);

    /// <summary>Takes the lock, or says who has it.</summary>
    public static ClusterLock? TryTake(ClusterOptions options, out int? holder)
    {
        Directory.CreateDirectory(options.RunDirectory);
        holder = null;
        try
        {
            // .NET locks the file by flock for FileShare.None: it is free again when the process ends, however it ends.
            var file = new FileStream(PathOf(options), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            PidFile.Write(OwnerOf(options), Environment.ProcessId);
            return new ClusterLock(file, OwnerOf(options));
        }
        catch (IOException)
        {
            holder = Holder(options);
            return null;
        }
    }

    /// <summary>The process that runs the cluster, or null.</summary>
    public static int? Holder(ClusterOptions options) => PidFile.Read(OwnerOf(options));

    /// <inheritdoc/>
    public void Dispose()
    {
        File.Delete(_owner);
        _file.Dispose();
    }

    private static string PathOf(ClusterOptions options) => Path.Combine(options.RunDirectory, "launcher.lock");

    private static string OwnerOf(ClusterOptions options) => Path.Combine(options.RunDirectory, OwnerFile);
}
