using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Volumes;

/// <summary>Keeps the directories of pods below the state directory: volumes, hosts, resolv.conf, termination messages.</summary>
internal sealed class PodVolumes(IOptions<NodeAgentOptions> options, VolumeContents contents, TimeProvider clock)
{
    private const UnixFileMode OpenToAll = (UnixFileMode)0b111_111_111;
    private const UnixFileMode ReadableFile = (UnixFileMode)0b110_100_100;
    private const UnixFileMode SetGroup = UnixFileMode.SetGroup;

    /// <summary>Longest text read of a termination message, bytes. 4096, upstream's limit.</summary>
    private const int TerminationMessageBytesMax = 4096;

    private string Root => Path.Combine(options.Value.StateDirectory, "pods");

    /// <summary>Uids of the pods that have a directory.</summary>
    public IEnumerable<string> Known() => Directory.Exists(Root) ? Directory.EnumerateDirectories(Root).Select(path => Path.GetFileName(path)) : [];

    /// <summary>Makes all volumes of a pod, and its name files. Running it again refreshes what changed.</summary>
    /// <exception cref="ReferenceException">A volume cannot be made; the text is the one upstream shows.</exception>
    public async Task PrepareAsync(Pod pod, FieldPaths.Surroundings around, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(pod.Metadata.Uid!);
        Directory.CreateDirectory(directory);
        WriteNameFiles(pod, around.PodIP);
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            try
            {
                await PrepareAsync(pod, volume, around, cancellationToken);
            }
            catch (Exception exception) when (exception is ReferenceException or IOException or UnauthorizedAccessException)
            {
                throw new ReferenceException($"MountVolume.SetUp failed for volume \"{volume.Name}\" : {exception.Message}");
            }
        }
    }

    /// <summary>Whether a pod has volumes whose content may change.</summary>
    public static bool AreLive(Pod pod) =>
        pod.Spec.Volumes?.Any(volume => volume.ConfigMap is not null || volume.Secret is not null || volume.Projected is not null || volume.DownwardAPI is not null) == true;

    /// <summary>The mounts of a container.</summary>
    public List<MountSpec> MountsOf(Pod pod, Container container, string? terminationLog, IReadOnlyDictionary<string, string> variables)
    {
        var directory = DirectoryOf(pod.Metadata.Uid!);
        var mounts = new List<MountSpec>();
        foreach (var mount in container.VolumeMounts ?? [])
        {
            var volume = pod.Spec.Volumes?.FirstOrDefault(one => one.Name == mount.Name)
                ?? throw new ReferenceException($"volume \"{mount.Name}\" is not in the pod");
            var source = SourceOf(pod, volume);
            var inner = mount.SubPathExpr is { Length: > 0 } expression ? Expansion.Expand(expression, variables) : mount.SubPath;
            if (!string.IsNullOrEmpty(inner))
            {
                source = SubPath(source, inner, mount.Name, IsOfObjects(volume));
            }

            var propagation = mount.MountPropagation switch { "HostToContainer" => "rslave", "Bidirectional" => "rshared", _ => null };
            mounts.Add(new MountSpec(source, mount.MountPath, mount.ReadOnly == true || IsOfObjects(volume), propagation));
        }

        void AddUnlessMounted(string source, string target)
        {
            if (mounts.All(mount => mount.Target != target))
            {
                mounts.Add(new MountSpec(source, target));
            }
        }

        AddUnlessMounted(Path.Combine(directory, "resolv.conf"), "/etc/resolv.conf");
        AddUnlessMounted(Path.Combine(directory, "hosts"), "/etc/hosts");
        if (terminationLog is not null)
        {
            AddUnlessMounted(terminationLog, container.TerminationMessagePath is { Length: > 0 } path ? path : "/dev/termination-log");
        }

        return mounts;
    }

    /// <summary>Makes the file into which a container writes its last words.</summary>
    public string CreateTerminationLog(string uid, string container, int attempt)
    {
        var directory = Path.Combine(DirectoryOf(uid), "containers", container);
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, $"{attempt}.termination");
        File.WriteAllBytes(path, []);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        return path;
    }

    /// <summary>What a container wrote last; null for nothing.</summary>
    public static string? ReadTerminationLog(string? path)
    {
        if (path is null || !File.Exists(path))
        {
            return null;
        }

        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new byte[TerminationMessageBytesMax];
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read == 0 ? null : System.Text.Encoding.UTF8.GetString(bytes, 0, read);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Removes all of a pod's directories.</summary>
    public void Remove(string uid)
    {
        var directory = DirectoryOf(uid);
        if (!Directory.Exists(directory))
        {
            return;
        }

        var emptyDirs = Path.Combine(directory, "volumes", "empty-dir");
        foreach (var path in Directory.Exists(emptyDirs) ? Directory.EnumerateDirectories(emptyDirs) : [])
        {
            Native.Unmount(path); // Where it is in memory; elsewhere this does nothing.
        }

        Directory.Delete(directory, recursive: true);
    }

    private async Task PrepareAsync(Pod pod, Volume volume, FieldPaths.Surroundings around, CancellationToken cancellationToken)
    {
        var group = pod.Spec.SecurityContext?.FsGroup;
        if (volume.EmptyDir is { } empty)
        {
            PrepareEmptyDir(SourceOf(pod, volume), empty, group);
        }
        else if (volume.HostPath is { } host)
        {
            PrepareHostPath(host);
        }
        else if (await contents.BuildAsync(pod, volume, around, cancellationToken) is { } files)
        {
            var directory = SourceOf(pod, volume);
            Directory.CreateDirectory(directory);
            File.SetUnixFileMode(directory, OpenToAll);
            AtomicWriter.Write(directory, files, clock.GetUtcNow(), group);
        }
        else
        {
            throw new ReferenceException("this kind of volume is not supported by this node");
        }
    }

    private static void PrepareEmptyDir(string directory, EmptyDirVolumeSource empty, long? group)
    {
        if (Directory.Exists(directory))
        {
            return; // It lives as long as the pod, whatever its containers do.
        }

        Directory.CreateDirectory(directory);
        if (empty.Medium == "Memory")
        {
            Native.MountTmpfs(directory, empty.SizeLimit is { } limit ? $"size={limit.Value},mode=0777" : "mode=0777");
        }

        if (group is { } gid)
        {
            Native.ChangeGroup(directory, gid);
        }

        File.SetUnixFileMode(directory, OpenToAll | (group is null ? 0 : SetGroup));
    }

    private static void PrepareHostPath(HostPathVolumeSource host)
    {
        switch (host.Type)
        {
            case "DirectoryOrCreate":
                Directory.CreateDirectory(host.Path);
                break;
            case "FileOrCreate" when !Path.Exists(host.Path):
                File.WriteAllBytes(host.Path, []);
                break;
            case "Directory" when !Directory.Exists(host.Path):
                throw new ReferenceException("hostPath type check failed: " + host.Path + " is not a directory");
            case "File" when !File.Exists(host.Path):
                throw new ReferenceException("hostPath type check failed: " + host.Path + " is not a file");
            case null or "" when !Path.Exists(host.Path):
                Directory.CreateDirectory(host.Path); // As upstream's runtimes do for a path without a type.
                break;
        }
    }

    private void WriteNameFiles(Pod pod, string podIP)
    {
        var directory = DirectoryOf(pod.Metadata.Uid!);
        WriteInPlace(Path.Combine(directory, "resolv.conf"), PodFiles.ResolvConf(pod, options.Value, ReadOrEmpty("/etc/resolv.conf")));
        WriteInPlace(Path.Combine(directory, "hosts"), PodFiles.Hosts(pod, options.Value, podIP, ReadOrEmpty("/etc/hosts")));
    }

    // Containers hold these files by bind mount: a rename would leave them with the old one.
    private static void WriteInPlace(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text)
        {
            return;
        }

        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, ReadableFile);
    }

    private static string ReadOrEmpty(string path) => File.Exists(path) ? File.ReadAllText(path) : "";

    // A path that a program in the pod could turn into a link must not lead out of the volume: links are refused outright.
    private static string SubPath(string root, string inner, string volume, bool ours)
    {
        var path = root;
        foreach (var part in inner.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part is "." or "..")
            {
                throw new ReferenceException($"failed to prepare subPath for volumeMount \"{volume}\" of container: subPath must not contain '..'");
            }

            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is { } target && !(ours && target == $"..data/{part}"))
            {
                throw new ReferenceException($"failed to prepare subPath for volumeMount \"{volume}\" of container: \"{inner}\" leads through a link");
            }

            // A link of our own writer, in a volume that no container can write: the file it shows now.
            if (new FileInfo(path).LinkTarget is not null)
            {
                path = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName
                    ?? throw new ReferenceException($"failed to prepare subPath for volumeMount \"{volume}\" of container: \"{inner}\" is not there");
            }
        }

        if (!Path.Exists(path))
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, File.GetUnixFileMode(root));
        }

        return path;
    }

    private static bool IsOfObjects(Volume volume) => volume.ConfigMap is not null || volume.Secret is not null || volume.Projected is not null || volume.DownwardAPI is not null;

    private string SourceOf(Pod pod, Volume volume) => volume.HostPath is { } host
        ? host.Path
        : Path.Combine(DirectoryOf(pod.Metadata.Uid!), "volumes", volume.EmptyDir is not null ? "empty-dir" : "objects", volume.Name);

    // Uids come from the API server; still, none may lead elsewhere.
    private string DirectoryOf(string uid) =>
        uid.Length > 0 && uid.All(c => char.IsAsciiLetterOrDigit(c) || c is '-') ? Path.Combine(Root, uid) : throw new ArgumentException($"\"{uid}\" is no uid", nameof(uid));
}
