using System.Globalization;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Turns a pod's spec into what the runtime is asked for. Pure.</summary>
internal static class ContainerSpecs
{
    /// <summary>CPU shares of one core. 1024, the kernel's convention.</summary>
    private const long SharesPerCpu = 1024;

    /// <summary>Fewest shares the kernel takes.</summary>
    private const long SharesMin = 2;

    /// <summary>Microseconds of a quota's period.</summary>
    private const long QuotaPeriod = 100_000;

    /// <summary>Smallest quota the kernel takes, microseconds.</summary>
    private const long QuotaMin = 1000;

    /// <summary>Score of a sandbox: the last to go. -998, upstream's.</summary>
    private const int SandboxOomScore = -998;

    /// <summary>Highest port that needs a privilege by default.</summary>
    private const string UnprivilegedPorts = "net.ipv4.ip_unprivileged_port_start";

    public static SandboxSpec Sandbox(Pod pod, NodeAgentOptions options, string image, int attempt, string? address, int oomScoreMin)
    {
        var host = pod.Spec.HostNetwork == true;
        var labels = PodLabels.Of(pod, options, null, attempt);
        labels[PodLabels.PodIP] = address ?? "";
        var sysctls = (pod.Spec.SecurityContext?.Sysctls ?? []).ToDictionary(one => one.Name, one => one.Value);
        if (!host)
        {
            sysctls.TryAdd(UnprivilegedPorts, "0"); // As containerd does: a pod's ports are its own.
        }

        return new SandboxSpec
        {
            Name = PodLabels.NameOf(pod, null, attempt),
            Image = image,
            Labels = labels,
            Hostname = PodFiles.Hostname(pod),
            HostNetwork = host,
            HostIpc = pod.Spec.HostIPC == true,
            HostPid = pod.Spec.HostPID == true,
            OomScoreAdjust = Math.Max(SandboxOomScore, oomScoreMin),
            Network = host ? null : options.NetworkName,
            IPv4Address = host ? null : address,
            Sysctls = sysctls,
            Ports = host ? [] :
            [
                .. pod.Spec.Containers.Concat((pod.Spec.InitContainers ?? []).Where(PodPlanner.IsSidecar))
                    .SelectMany(container => container.Ports ?? [])
                    .Where(port => port.HostPort is > 0)
                    .Select(port => new PortMapping(port.HostIP ?? "", port.HostPort!.Value, port.ContainerPortValue, (port.Protocol ?? "TCP").ToLowerInvariant())),
            ],
        };
    }

    /// <summary>A container.</summary>
    /// <exception cref="ReferenceException">The spec forbids running this image so.</exception>
    public static ContainerSpec Container(
        Pod pod, ContainerStart start, NodeAgentOptions options, int sandboxAttempt, ImageInfo image, IReadOnlyDictionary<string, string> variables, IReadOnlyList<MountSpec> mounts,
        string? terminationLog, long memoryCapacity, int oomScoreMin, string? processesOf = null)
    {
        var container = start.Spec;
        var labels = PodLabels.Of(pod, options, container.Name, start.Attempt);
        labels[PodLabels.Sandbox] = sandboxAttempt.ToString();
        labels[PodLabels.Backoff] = start.Backoff.ToString();
        labels[PodLabels.GracePeriod] = (pod.Spec.TerminationGracePeriodSeconds ?? 30).ToString();
        if (terminationLog is not null)
        {
            labels[PodLabels.TerminationLog] = terminationLog;
        }

        var security = container.SecurityContext;
        var cpu = Milli(container.Resources?.Requests, "cpu") ?? Milli(container.Resources?.Limits, "cpu");
        var cpuLimit = Milli(container.Resources?.Limits, "cpu");
        var memory = Value(container.Resources?.Limits, "memory") ?? 0;
        return new ContainerSpec
        {
            Name = PodLabels.NameOf(pod, container.Name, start.Attempt),
            Image = image.Id,
            Sandbox = PodLabels.NameOf(pod, null, sandboxAttempt),
            Labels = labels,
            Command = Expand(container.Command, variables),
            Args = Expand(container.Args, variables),
            Environment = [.. variables.Select(one => $"{one.Key}={one.Value}")],
            WorkingDirectory = string.IsNullOrEmpty(container.WorkingDir) ? null : container.WorkingDir,
            Mounts = mounts,
            User = UserOf(pod, container, image),
            SupplementalGroups = [.. GroupsOf(pod)],
            Privileged = security?.Privileged == true,
            ReadOnlyRootFilesystem = security?.ReadOnlyRootFilesystem == true,
            NoNewPrivileges = security is { AllowPrivilegeEscalation: false, Privileged: not true },
            CapabilitiesAdd = [.. security?.Capabilities?.Add ?? []],
            CapabilitiesDrop = [.. security?.Capabilities?.Drop ?? []],
            CpuShares = Math.Max(SharesMin, (cpu ?? 0) * SharesPerCpu / 1000),
            CpuQuotaMicroseconds = cpuLimit is { } limit and > 0 ? Math.Max(QuotaMin, limit * QuotaPeriod / 1000) : 0,
            MemoryBytes = memory,
            OomScoreAdjust = Math.Max(OomScore(pod, container, memoryCapacity), oomScoreMin),
            Stdin = container.Stdin == true,
            StdinOnce = container.StdinOnce == true,
            Tty = container.Tty == true,
            ProcessesOf = processesOf,
            ShareProcessNamespace = pod.Spec.ShareProcessNamespace == true,
            HostPid = pod.Spec.HostPID == true,
            HostIpc = pod.Spec.HostIPC == true,
            StopSignal = container.Lifecycle?.StopSignal,
        };
    }

    /// <summary>The quality-of-service class of a pod.</summary>
    public static string QosOf(Pod pod)
    {
        var all = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).ToList();
        string[] resources = ["cpu", "memory"];
        var any = all.Any(one => resources.Any(name => one.Resources?.Requests?.ContainsKey(name) == true || one.Resources?.Limits?.ContainsKey(name) == true));
        var guaranteed = all.All(one => resources.All(name =>
            one.Resources?.Limits is { } limits && limits.TryGetValue(name, out var limit) && !limit.IsZero
            && (one.Resources.Requests is not { } requests || !requests.TryGetValue(name, out var request) || request.CompareTo(limit) == 0)));
        return guaranteed ? "Guaranteed" : any ? "Burstable" : "BestEffort";
    }

    // Upstream's pkg/kubelet/qos: what asked for little of the memory goes first.
    private static int OomScore(Pod pod, Container container, long capacity) => QosOf(pod) switch
    {
        "Guaranteed" => -997,
        "BestEffort" => 1000,
        _ => (int)Math.Clamp(1000 - (1000 * (Value(container.Resources?.Requests, "memory") ?? 0) / Math.Max(1, capacity)), 3, 999),
    };

    private static string? UserOf(Pod pod, Container container, ImageInfo image)
    {
        var user = container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser;
        var group = container.SecurityContext?.RunAsGroup ?? pod.Spec.SecurityContext?.RunAsGroup;
        if ((container.SecurityContext?.RunAsNonRoot ?? pod.Spec.SecurityContext?.RunAsNonRoot) == true)
        {
            RequireNonRoot(pod, container, user, image);
        }

        var name = user?.ToString(CultureInfo.InvariantCulture) ?? (image.User.Length == 0 ? null : image.User.Split(':')[0]);
        return group is null ? user?.ToString(CultureInfo.InvariantCulture) : $"{name ?? "0"}:{group}";
    }

    private static void RequireNonRoot(Pod pod, Container container, long? user, ImageInfo image)
    {
        var where = $"(pod: \"{pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.Uid})\", container: {container.Name})";
        if (user == 0)
        {
            throw new ReferenceException($"container's runAsUser breaks non-root policy {where}");
        }

        if (user is not null)
        {
            return;
        }

        // Only a plain number proves anything: "+0", "0x0" and names may all be root.
        var name = image.User.Split(':')[0];
        if (name.Length > 0 && !(name.All(char.IsAsciiDigit) && uint.TryParse(name, out _)))
        {
            throw new ReferenceException($"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root {where}");
        }

        if (name.Length == 0 || uint.Parse(name) == 0)
        {
            throw new ReferenceException($"container has runAsNonRoot and image will run as root {where}");
        }
    }

    private static IEnumerable<string> GroupsOf(Pod pod)
    {
        var security = pod.Spec.SecurityContext;
        return (security?.SupplementalGroups ?? []).Concat(security?.FsGroup is { } group ? [group] : []).Distinct().Select(one => one.ToString(CultureInfo.InvariantCulture));
    }

    private static List<string> Expand(IReadOnlyList<string>? words, IReadOnlyDictionary<string, string> variables) =>
        [.. (words ?? []).Select(word => Expansion.Expand(word, variables))];

    private static long? Milli(IReadOnlyDictionary<string, Quantity>? all, string name) => all is not null && all.TryGetValue(name, out var quantity) ? quantity.MilliValue : null;

    private static long? Value(IReadOnlyDictionary<string, Quantity>? all, string name) => all is not null && all.TryGetValue(name, out var quantity) ? quantity.Value : null;
}
