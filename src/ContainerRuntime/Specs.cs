namespace KubeAspire.ContainerRuntime;

/// <summary>A container that owns a pod's network namespace and address.</summary>
public sealed record SandboxSpec
{
    /// <summary>Name, unique in the runtime.</summary>
    public required string Name { get; init; }

    /// <summary>Image of the pause program.</summary>
    public required string Image { get; init; }

    /// <summary>Labels by which it is found again.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Host name inside; at most 63 characters.</summary>
    public string? Hostname { get; init; }

    /// <summary>Shares the machine's network instead of having one.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>Network to join, unless <see cref="HostNetwork"/>.</summary>
    public string? Network { get; init; }

    /// <summary>Address in the network.</summary>
    public string? IPv4Address { get; init; }

    /// <summary>Ports of the machine that lead to the sandbox.</summary>
    public IReadOnlyList<PortMapping> Ports { get; init; } = [];

    /// <summary>Preference of the kernel's out-of-memory killer, -1000 to 1000.</summary>
    public int OomScoreAdjust { get; init; }

    /// <summary>Kernel parameters of its namespaces.</summary>
    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>Shares the machine's IPC namespace.</summary>
    public bool HostIpc { get; init; }

    /// <summary>Shares the machine's process namespace.</summary>
    public bool HostPid { get; init; }
}

/// <summary>A port of the machine that leads to a sandbox.</summary>
/// <param name="HostIP">Address of the machine; empty for all.</param>
/// <param name="HostPort">1 to 65535.</param>
/// <param name="ContainerPort">1 to 65535.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
public sealed record PortMapping(string HostIP, int HostPort, int ContainerPort, string Protocol);

/// <summary>A directory or file of the machine shown inside a container.</summary>
/// <param name="Source">Absolute path on the machine; must exist.</param>
/// <param name="Target">Absolute path inside.</param>
/// <param name="ReadOnly">Whether writing is refused.</param>
/// <param name="Propagation"><c>private</c>, <c>rslave</c> or <c>rshared</c>; null for the runtime's default.</param>
public sealed record MountSpec(string Source, string Target, bool ReadOnly = false, string? Propagation = null);

/// <summary>A container of a pod.</summary>
public sealed record ContainerSpec
{
    /// <summary>Name, unique in the runtime.</summary>
    public required string Name { get; init; }

    /// <summary>Image, by id or name.</summary>
    public required string Image { get; init; }

    /// <summary>Id or name of another container whose process namespace it joins; null for none.</summary>
    public string? ProcessesOf { get; init; }

    /// <summary>Id or name of the sandbox whose namespaces it joins.</summary>
    public required string Sandbox { get; init; }

    /// <summary>Labels by which it is found again.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Replaces the image's entry point; empty keeps it.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Replaces the image's arguments; empty keeps them unless <see cref="Command"/> is given.</summary>
    public IReadOnlyList<string> Args { get; init; } = [];

    /// <summary><c>NAME=value</c>, in order; later ones win.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Working directory; null for the image's.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Mounts.</summary>
    public IReadOnlyList<MountSpec> Mounts { get; init; } = [];

    /// <summary><c>uid</c> or <c>uid:gid</c>; null for the image's.</summary>
    public string? User { get; init; }

    /// <summary>Groups beside the user's own.</summary>
    public IReadOnlyList<string> SupplementalGroups { get; init; } = [];

    /// <summary>All capabilities and devices.</summary>
    public bool Privileged { get; init; }

    /// <summary>The root file system cannot be written.</summary>
    public bool ReadOnlyRootFilesystem { get; init; }

    /// <summary>Forbids gaining privileges by set-uid programs.</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>Capabilities to add, without <c>CAP_</c>.</summary>
    public IReadOnlyList<string> CapabilitiesAdd { get; init; } = [];

    /// <summary>Capabilities to drop, without <c>CAP_</c>.</summary>
    public IReadOnlyList<string> CapabilitiesDrop { get; init; } = [];

    /// <summary>Relative CPU weight, 2 to 262144; 0 for the runtime's default.</summary>
    public long CpuShares { get; init; }

    /// <summary>Microseconds of CPU time in each 100 ms; 0 for no limit.</summary>
    public long CpuQuotaMicroseconds { get; init; }

    /// <summary>Memory limit in bytes, swap included; 0 for none.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Preference of the kernel's out-of-memory killer, -1000 to 1000.</summary>
    public int OomScoreAdjust { get; init; }

    /// <summary>Keeps standard input open.</summary>
    public bool Stdin { get; init; }

    /// <summary>Closes standard input after the first attach.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>Gives it a terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>Shares the sandbox's process namespace.</summary>
    public bool ShareProcessNamespace { get; init; }

    /// <summary>Shares the machine's process namespace.</summary>
    public bool HostPid { get; init; }

    /// <summary>Shares the machine's IPC namespace instead of the sandbox's.</summary>
    public bool HostIpc { get; init; }

    /// <summary>Signal that asks it to stop; null for the image's.</summary>
    public string? StopSignal { get; init; }

    /// <summary>Size from which its log is rotated, bytes.</summary>
    public long LogBytesMax { get; init; } = 10 << 20;

    /// <summary>Rotated logs kept.</summary>
    public int LogFilesMax { get; init; } = 5;
}

/// <summary>A bridge network.</summary>
/// <param name="Name">Name in the runtime.</param>
/// <param name="Bridge">Name of the bridge interface, at most 15 characters.</param>
/// <param name="Subnet">Such as <c>10.244.0.0/16</c>.</param>
/// <param name="Gateway">The machine's address in it.</param>
public sealed record NetworkSpec(string Name, string Bridge, string Subnet, string Gateway);

/// <summary>A command to run in a container.</summary>
public sealed record ExecSpec
{
    /// <summary>Most bytes collected of each stream by default. 16 KiB: probes and hooks show no more.</summary>
    public const int DefaultOutputBytesMax = 16 << 10;

    /// <summary>Program and arguments; no shell.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>When to give up. The command may go on: the Engine cannot end it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes collected of standard output and error together; what follows is read and dropped.</summary>
    public int OutputBytesMax { get; init; } = DefaultOutputBytesMax;
}

/// <summary>A command to talk to while it runs.</summary>
public sealed record ExecStreamSpec
{
    /// <summary>Program and arguments; no shell.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Whether it gets a standard input.</summary>
    public bool Stdin { get; init; }

    /// <summary>Whether its standard output is wanted.</summary>
    public bool Stdout { get; init; }

    /// <summary>Whether its standard error is wanted.</summary>
    public bool Stderr { get; init; }

    /// <summary>Gives it a terminal: output and error are one then.</summary>
    public bool Tty { get; init; }
}

/// <summary>Which streams of a container's own process to join.</summary>
public sealed record AttachSpec
{
    /// <summary>Whether to write to its standard input.</summary>
    public bool Stdin { get; init; }

    /// <summary>Whether to read its standard output.</summary>
    public bool Stdout { get; init; }

    /// <summary>Whether to read its standard error.</summary>
    public bool Stderr { get; init; }

    /// <summary>Whether the container has a terminal: output and error are one then.</summary>
    public bool Tty { get; init; }
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output and error, in the order they came.</param>
public sealed record ExecResult(int ExitCode, string Output);

/// <summary>Which part of a log.</summary>
public sealed record LogQuery
{
    /// <summary>Goes on until the container ends.</summary>
    public bool Follow { get; init; }

    /// <summary>Only what was written at or after.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only the last so many lines.</summary>
    public long? Tail { get; init; }

    /// <summary>Begins each line with its time, RFC 3339 with nanoseconds.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Standard output.</summary>
    public bool Stdout { get; init; } = true;

    /// <summary>Standard error.</summary>
    public bool Stderr { get; init; } = true;
}

/// <summary>A piece of a log, as it was written. The bytes are valid until the next piece is asked for.</summary>
/// <param name="Stderr">Whether it went to standard error.</param>
/// <param name="Bytes">The bytes.</param>
public readonly record struct LogChunk(bool Stderr, ReadOnlyMemory<byte> Bytes);

/// <summary>What a registry wants to know.</summary>
/// <param name="Username">User.</param>
/// <param name="Password">Password or token.</param>
/// <param name="Server">Registry.</param>
public sealed record RegistryCredential(string Username, string Password, string Server)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Username} at {Server}";
}

/// <summary>How far a pull is.</summary>
/// <param name="Layer">Layer; empty for the whole.</param>
/// <param name="Status">The runtime's words.</param>
/// <param name="Current">Bytes so far.</param>
/// <param name="Total">Bytes in all; 0 where unknown.</param>
public sealed record PullProgress(string Layer, string Status, long Current, long Total);
