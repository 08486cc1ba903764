namespace KubeAspire.ContainerRuntime;

/// <summary>Where a container is in its life.</summary>
public enum ContainerState
{
    /// <summary>Made, not started yet.</summary>
    Created,

    /// <summary>Running (or paused).</summary>
    Running,

    /// <summary>Ended, or failed to start.</summary>
    Exited,
}

/// <summary>A container as the runtime knows it.</summary>
public sealed record ContainerInfo
{
    /// <summary>Id.</summary>
    public required string Id { get; init; }

    /// <summary>Name, without a leading slash.</summary>
    public required string Name { get; init; }

    /// <summary>Image name it was created from.</summary>
    public string Image { get; init; } = "";

    /// <summary>Image id, <c>sha256:…</c>.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>State.</summary>
    public ContainerState State { get; init; }

    /// <summary>Whether it never ran because starting it failed; <see cref="Error"/> says why.</summary>
    public bool StartFailed { get; init; }

    /// <summary>Exit code, when it ended.</summary>
    public int ExitCode { get; init; }

    /// <summary>Whether the kernel ended it for want of memory.</summary>
    public bool OomKilled { get; init; }

    /// <summary>The runtime's words where something failed.</summary>
    public string Error { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was started; null for never.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null for not yet.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Process id on the machine; 0 when it does not run.</summary>
    public int Pid { get; init; }

    /// <summary>Whether it has a terminal: its log is one stream then.</summary>
    public bool Tty { get; init; }

    /// <summary>Addresses by network.</summary>
    public IReadOnlyDictionary<string, string> Addresses { get; init; } = new Dictionary<string, string>();
}

/// <summary>Something happened to a container.</summary>
/// <param name="Action">The runtime's verb: <c>create</c>, <c>start</c>, <c>die</c>, <c>destroy</c>, <c>oom</c>…</param>
/// <param name="ContainerId">Which.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Time">When.</param>
public sealed record RuntimeEvent(string Action, string ContainerId, IReadOnlyDictionary<string, string> Labels, DateTimeOffset Time);

/// <summary>An image on the machine.</summary>
/// <param name="Id"><c>sha256:…</c>.</param>
/// <param name="Tags">Names with tags.</param>
/// <param name="Digests">Names with digests.</param>
/// <param name="SizeBytes">Size on disk.</param>
/// <param name="User">User it runs as; empty for root.</param>
public sealed record ImageInfo(string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, long SizeBytes, string User);

/// <summary>Consumption of a container.</summary>
/// <param name="Time">When it was read.</param>
/// <param name="CpuNanoseconds">CPU time since the start.</param>
/// <param name="MemoryBytes">Memory in use.</param>
/// <param name="WorkingSetBytes">Memory in use without what the kernel can drop at once.</param>
/// <param name="ReceivedBytes">Bytes received since the start.</param>
/// <param name="SentBytes">Bytes sent since the start.</param>
public sealed record ContainerStats(DateTimeOffset Time, long CpuNanoseconds, long MemoryBytes, long WorkingSetBytes, long ReceivedBytes, long SentBytes);

/// <summary>Name and version of the runtime.</summary>
/// <param name="Name">Such as <c>docker</c>.</param>
/// <param name="Version">Such as <c>20.10.24</c>.</param>
/// <param name="ApiVersion">API version in use.</param>
public sealed record RuntimeVersion(string Name, string Version, string ApiVersion);

/// <summary>The machine, as the runtime sees it.</summary>
/// <param name="OperatingSystem">Such as <c>Debian GNU/Linux 12</c>.</param>
/// <param name="OsType">Such as <c>linux</c>.</param>
/// <param name="Architecture">The kernel's word, such as <c>x86_64</c>.</param>
/// <param name="KernelVersion">Kernel.</param>
/// <param name="Cpus">Processors.</param>
/// <param name="MemoryBytes">Memory.</param>
/// <param name="RootDirectory">Where it keeps its data.</param>
public sealed record RuntimeInfo(string OperatingSystem, string OsType, string Architecture, string KernelVersion, int Cpus, long MemoryBytes, string RootDirectory);
