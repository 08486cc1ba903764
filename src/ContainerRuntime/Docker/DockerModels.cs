using System.Text.Json.Serialization;

namespace KubeAspire.ContainerRuntime.Docker;

// Bodies of the Docker Engine API, only the fields used. Names are the Engine's (https://docs.docker.com/reference/api/engine/).
internal sealed record DockerError(string? Message);

internal sealed record DockerVersion(string? Version, string? ApiVersion, string? MinAPIVersion);

internal sealed record DockerInfo(
    string? OperatingSystem, string? OSType, string? Architecture, string? KernelVersion, [property: JsonPropertyName("NCPU")] int Cpus, long MemTotal, string? DockerRootDir);

internal sealed record DockerCreated(string Id);

internal sealed record DockerContainerConfig
{
    public string? Hostname { get; init; }

    public string? User { get; init; }

    public bool OpenStdin { get; init; }

    public bool StdinOnce { get; init; }

    public bool Tty { get; init; }

    public IReadOnlyList<string>? Env { get; init; }

    public IReadOnlyList<string>? Cmd { get; init; }

    public IReadOnlyList<string>? Entrypoint { get; init; }

    public string? Image { get; init; }

    public string? WorkingDir { get; init; }

    public string? StopSignal { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, DockerEmpty>? ExposedPorts { get; init; }

    public DockerHealthcheck? Healthcheck { get; init; }

    public DockerHostConfig? HostConfig { get; init; }

    public DockerNetworkingConfig? NetworkingConfig { get; init; }
}

internal sealed record DockerEmpty;

internal sealed record DockerHealthcheck(IReadOnlyList<string> Test);

internal sealed record DockerNetworkingConfig(IReadOnlyDictionary<string, DockerEndpoint> EndpointsConfig);

internal sealed record DockerEndpoint
{
    [JsonPropertyName("IPAMConfig")]
    public DockerEndpointIpam? Ipam { get; init; }

    [JsonPropertyName("IPAddress")]
    public string? Address { get; init; }
}

internal sealed record DockerEndpointIpam([property: JsonPropertyName("IPv4Address")] string Address);

internal sealed record DockerHostConfig
{
    public string? NetworkMode { get; init; }

    public string? IpcMode { get; init; }

    public string? PidMode { get; init; }

    public bool Privileged { get; init; }

    public bool ReadonlyRootfs { get; init; }

    public IReadOnlyList<string>? CapAdd { get; init; }

    public IReadOnlyList<string>? CapDrop { get; init; }

    public IReadOnlyList<string>? GroupAdd { get; init; }

    public IReadOnlyList<string>? SecurityOpt { get; init; }

    public IReadOnlyDictionary<string, string>? Sysctls { get; init; }

    public long CpuShares { get; init; }

    public long CpuPeriod { get; init; }

    public long CpuQuota { get; init; }

    public long Memory { get; init; }

    public long MemorySwap { get; init; }

    public int OomScoreAdj { get; init; }

    public IReadOnlyList<DockerMount>? Mounts { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<DockerPortBinding>>? PortBindings { get; init; }

    public DockerLogConfig? LogConfig { get; init; }
}

internal sealed record DockerPortBinding(string HostIp, string HostPort);

internal sealed record DockerLogConfig(string Type, IReadOnlyDictionary<string, string> Config);

internal sealed record DockerMount
{
    public string Type { get; init; } = "bind";

    public string? Source { get; init; }

    public string Target { get; init; } = "";

    public bool ReadOnly { get; init; }

    public DockerBindOptions? BindOptions { get; init; }
}

internal sealed record DockerBindOptions(string? Propagation);

internal sealed record DockerState
{
    public string? Status { get; init; }

    public bool OOMKilled { get; init; }

    public int Pid { get; init; }

    public int ExitCode { get; init; }

    public string? Error { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset FinishedAt { get; init; }
}

internal sealed record DockerContainer
{
    public string Id { get; init; } = "";

    public string Name { get; init; } = "";

    public DateTimeOffset Created { get; init; }

    public string Image { get; init; } = "";

    public DockerState State { get; init; } = new();

    public DockerContainerConfig Config { get; init; } = new();

    public DockerNetworkSettings? NetworkSettings { get; init; }
}

internal sealed record DockerNetworkSettings(IReadOnlyDictionary<string, DockerEndpoint>? Networks);

internal sealed record DockerListed(string Id);

internal sealed record DockerImage
{
    public string Id { get; init; } = "";

    public IReadOnlyList<string>? RepoTags { get; init; }

    public IReadOnlyList<string>? RepoDigests { get; init; }

    public long Size { get; init; }

    public DockerContainerConfig? Config { get; init; }
}

internal sealed record DockerEvent
{
    public string? Action { get; init; }

    public DockerActor? Actor { get; init; }

    [JsonPropertyName("timeNano")]
    public long TimeNano { get; init; }
}

internal sealed record DockerActor(
    [property: JsonPropertyName("ID")] string? Id, IReadOnlyDictionary<string, string>? Attributes);

internal sealed record DockerExecConfig(bool AttachStdout, bool AttachStderr, IReadOnlyList<string> Cmd)
{
    public bool AttachStdin { get; init; }

    public bool Tty { get; init; }
}

internal sealed record DockerExecStart(bool Detach, bool Tty);

internal sealed record DockerExecState(bool Running, int? ExitCode);

internal sealed record DockerProgress
{
    [JsonPropertyName("status")]
    public string? Status { get; init; }

    [JsonPropertyName("id")]
    public string? Layer { get; init; }

    [JsonPropertyName("error")]
    public string? Error { get; init; }

    [JsonPropertyName("progressDetail")]
    public DockerProgressDetail? Detail { get; init; }
}

internal sealed record DockerProgressDetail(
    [property: JsonPropertyName("current")] long Current, [property: JsonPropertyName("total")] long Total);

internal sealed record DockerAuth(
    [property: JsonPropertyName("username")] string Username,
    [property: JsonPropertyName("password")] string Password,
    [property: JsonPropertyName("serveraddress")] string Server);

internal sealed record DockerNetworkCreate
{
    public string Name { get; init; } = "";

    public bool CheckDuplicate { get; init; }

    public string Driver { get; init; } = "bridge";

    [JsonPropertyName("IPAM")]
    public DockerIpam? Ipam { get; init; }

    public IReadOnlyDictionary<string, string>? Options { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

internal sealed record DockerIpam(IReadOnlyList<DockerIpamConfig>? Config);

internal sealed record DockerIpamConfig(string? Subnet, string? Gateway);

internal sealed record DockerStats
{
    [JsonPropertyName("read")]
    public DateTimeOffset Read { get; init; }

    [JsonPropertyName("cpu_stats")]
    public DockerCpuStats? Cpu { get; init; }

    [JsonPropertyName("memory_stats")]
    public DockerMemoryStats? Memory { get; init; }

    [JsonPropertyName("networks")]
    public IReadOnlyDictionary<string, DockerNetworkStats>? Networks { get; init; }
}

internal sealed record DockerCpuStats([property: JsonPropertyName("cpu_usage")] DockerCpuUsage? Usage);

internal sealed record DockerCpuUsage([property: JsonPropertyName("total_usage")] long Total);

internal sealed record DockerMemoryStats(
    [property: JsonPropertyName("usage")] long Usage, [property: JsonPropertyName("stats")] IReadOnlyDictionary<string, long>? Detail);

internal sealed record DockerNetworkStats(
    [property: JsonPropertyName("rx_bytes")] long Received, [property: JsonPropertyName("tx_bytes")] long Sent);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(DockerError))]
[JsonSerializable(typeof(DockerVersion))]
[JsonSerializable(typeof(DockerInfo))]
[JsonSerializable(typeof(DockerCreated))]
[JsonSerializable(typeof(DockerContainerConfig))]
[JsonSerializable(typeof(DockerContainer))]
[JsonSerializable(typeof(IReadOnlyList<DockerListed>), TypeInfoPropertyName = "DockerListedList")]
[JsonSerializable(typeof(DockerImage))]
[JsonSerializable(typeof(IReadOnlyList<DockerImage>), TypeInfoPropertyName = "DockerImageList")]
[JsonSerializable(typeof(DockerEvent))]
[JsonSerializable(typeof(DockerExecConfig))]
[JsonSerializable(typeof(DockerExecStart))]
[JsonSerializable(typeof(DockerExecState))]
[JsonSerializable(typeof(DockerProgress))]
[JsonSerializable(typeof(DockerAuth))]
[JsonSerializable(typeof(DockerNetworkCreate))]
[JsonSerializable(typeof(DockerStats))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, IReadOnlyList<string>>), TypeInfoPropertyName = "DockerFilters")]
[JsonSerializable(typeof(IReadOnlyList<string>), TypeInfoPropertyName = "StringList")]
internal sealed partial class DockerJson : JsonSerializerContext;
