namespace KubeAspire.ContainerRuntime.Docker;

/// <summary>Translates between the seam's records and the Engine's bodies.</summary>
internal static class DockerBodies
{
    /// <summary>Period of the CPU quota, microseconds. 100 ms, the kernel's default.</summary>
    private const long CpuPeriod = 100_000;

    public static DockerContainerConfig Of(SandboxSpec spec) => new()
    {
        Image = spec.Image,
        Labels = spec.Labels,
        Hostname = spec.HostNetwork ? null : spec.Hostname,
        ExposedPorts = spec.Ports.Count == 0 ? null : spec.Ports.Select(PortName).Distinct().ToDictionary(port => port, _ => new DockerEmpty()),
        NetworkingConfig = spec.HostNetwork || spec.Network is null || spec.IPv4Address is null
            ? null
            : new DockerNetworkingConfig(new Dictionary<string, DockerEndpoint> { [spec.Network] = new() { Ipam = new DockerEndpointIpam(spec.IPv4Address) } }),
        HostConfig = new DockerHostConfig
        {
            NetworkMode = spec.HostNetwork ? "host" : spec.Network ?? "none",
            IpcMode = spec.HostIpc ? "host" : "shareable",
            PidMode = spec.HostPid ? "host" : null,
            OomScoreAdj = spec.OomScoreAdjust,
            Sysctls = spec.Sysctls.Count == 0 ? null : spec.Sysctls,
            PortBindings = spec.Ports.Count == 0
                ? null
                : spec.Ports.GroupBy(PortName).ToDictionary(
                    group => group.Key,
                    group => (IReadOnlyList<DockerPortBinding>)[.. group.Select(port => new DockerPortBinding(port.HostIP, port.HostPort.ToString()))]),
            LogConfig = new DockerLogConfig("none", new Dictionary<string, string>()),
        },
    };

    public static DockerContainerConfig Of(ContainerSpec spec) => new()
    {
        Image = spec.Image,
        Labels = spec.Labels,
        Env = spec.Environment,
        Entrypoint = spec.Command.Count == 0 ? null : spec.Command,
        Cmd = spec.Args.Count == 0 ? null : spec.Args,
        WorkingDir = spec.WorkingDirectory,
        User = spec.User,
        OpenStdin = spec.Stdin,
        StdinOnce = spec.StdinOnce,
        Tty = spec.Tty,
        StopSignal = spec.StopSignal,
        Healthcheck = new DockerHealthcheck(["NONE"]), // An image's own health check is none of Kubernetes' probes.
        HostConfig = new DockerHostConfig
        {
            NetworkMode = $"container:{spec.Sandbox}",
            IpcMode = spec.HostIpc ? "host" : $"container:{spec.Sandbox}",
            PidMode = spec.HostPid ? "host" : spec.ProcessesOf is { } target ? $"container:{target}" : spec.ShareProcessNamespace ? $"container:{spec.Sandbox}" : null,
            Privileged = spec.Privileged,
            ReadonlyRootfs = spec.ReadOnlyRootFilesystem,
            CapAdd = spec.CapabilitiesAdd.Count == 0 ? null : spec.CapabilitiesAdd,
            CapDrop = spec.CapabilitiesDrop.Count == 0 ? null : spec.CapabilitiesDrop,
            GroupAdd = spec.SupplementalGroups.Count == 0 ? null : spec.SupplementalGroups,
            SecurityOpt = spec.NoNewPrivileges ? ["no-new-privileges"] : null,
            CpuShares = spec.CpuShares,
            CpuPeriod = spec.CpuQuotaMicroseconds > 0 ? CpuPeriod : 0,
            CpuQuota = spec.CpuQuotaMicroseconds,
            Memory = spec.MemoryBytes,
            MemorySwap = spec.MemoryBytes, // Equal to the memory limit: no swap.
            OomScoreAdj = spec.OomScoreAdjust,
            Mounts = [.. spec.Mounts.Select(mount => new DockerMount
            {
                Source = mount.Source,
                Target = mount.Target,
                ReadOnly = mount.ReadOnly,
                BindOptions = mount.Propagation is null ? null : new DockerBindOptions(mount.Propagation),
            })],
            LogConfig = new DockerLogConfig("json-file", new Dictionary<string, string>
            {
                ["max-size"] = spec.LogBytesMax.ToString(),
                ["max-file"] = spec.LogFilesMax.ToString(),
            }),
        },
    };

    public static ContainerInfo ToInfo(DockerContainer container)
    {
        var state = container.State;
        var startFailed = state.Status == "created" && state.ExitCode != 0;
        return new ContainerInfo
        {
            Id = container.Id,
            Name = container.Name.TrimStart('/'),
            Image = container.Config.Image ?? "",
            ImageId = container.Image,
            Labels = container.Config.Labels ?? new Dictionary<string, string>(),
            State = startFailed ? ContainerState.Exited : state.Status switch
            {
                "created" => ContainerState.Created,
                "running" or "paused" or "restarting" => ContainerState.Running,
                _ => ContainerState.Exited,
            },
            StartFailed = startFailed,
            ExitCode = state.ExitCode,
            OomKilled = state.OOMKilled,
            Error = state.Error ?? "",
            CreatedAt = container.Created,
            StartedAt = Known(state.StartedAt),
            FinishedAt = Known(state.FinishedAt),
            Pid = state.Pid,
            Tty = container.Config.Tty,
            Addresses = container.NetworkSettings?.Networks?
                .Where(network => !string.IsNullOrEmpty(network.Value.Address))
                .ToDictionary(network => network.Key, network => network.Value.Address!) ?? [],
        };
    }

    public static ImageInfo ToInfo(DockerImage image) =>
        new(image.Id, image.RepoTags ?? [], image.RepoDigests ?? [], image.Size, image.Config?.User ?? "");

    // The Engine writes year 1 for "never".
    private static DateTimeOffset? Known(DateTimeOffset time) => time.Year <= 1 ? null : time;

    private static string PortName(PortMapping port) => $"{port.ContainerPort}/{port.Protocol}";
}
