using KubeAspire.ContainerRuntime;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Nodes;

/// <summary>Computes the Node's status; pure but for what <see cref="NodeFacts"/> reads.</summary>
internal static class NodeStatusBuilder
{
    /// <summary>Version the kubelet reports: the API served.</summary>
    public const string KubeletVersion = "v1.36.0+kubeaspire";

    /// <summary>Available memory below which the node is under pressure. 100 MiB, upstream's default.</summary>
    private const long MemoryPressureBytes = 100L << 20;

    /// <summary>Part of the disk below which the node is under pressure. 10 %, upstream's nodefs.available.</summary>
    private const double DiskPressureFraction = 0.10;

    /// <summary>Conditions written here; others are somebody else's.</summary>
    private static readonly string[] s_ownTypes = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];

    /// <param name="before">The status as it is stored.</param>
    /// <param name="name">The node's name.</param>
    /// <param name="facts">The machine.</param>
    /// <param name="system">What does not change while the machine runs.</param>
    /// <param name="problem">Why pods cannot run; null for they can.</param>
    /// <param name="now">The time.</param>
    public static NodeStatus Build(NodeStatus before, string name, NodeFacts facts, NodeSystemInfo system, string? problem, DateTimeOffset now)
    {
        var memory = NodeFacts.AvailableMemory() is { } available && available < MemoryPressureBytes;
        var disk = facts.Disk.AvailableFreeSpace < facts.Disk.TotalSize * DiskPressureFraction;
        List<NodeCondition> own =
        [
            memory
                ? Condition("MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
                : Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            disk
                ? Condition("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
                : Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            problem is null
                ? Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
                : Condition("Ready", "False", "KubeletNotReady", problem),
        ];
        var known = before.Conditions ?? [];
        return before with
        {
            Addresses = [new NodeAddress { Type = "InternalIP", Address = facts.Address }, new NodeAddress { Type = "Hostname", Address = name }],
            // What others patched onto the node, such as extended resources, stays.
            Capacity = Merge(before.Capacity, facts.Capacity),
            Allocatable = Merge(before.Allocatable, facts.Allocatable),
            NodeInfo = system,
            Conditions =
            [
                .. own.Select(condition => condition with
                {
                    LastHeartbeatTime = now,
                    LastTransitionTime = known.FirstOrDefault(one => one.Type == condition.Type && one.Status == condition.Status)?.LastTransitionTime ?? now,
                }),
                .. known.Where(one => !s_ownTypes.Contains(one.Type)),
            ],
        };
    }

    /// <summary>Whether two statuses differ in more than the time of the heartbeat.</summary>
    public static bool Differ(NodeStatus left, NodeStatus right) => Fingerprint(left) != Fingerprint(right);

    /// <summary>What the machine is.</summary>
    public static NodeSystemInfo SystemInfo(RuntimeInfo? info, RuntimeVersion? version) => new()
    {
        Architecture = NodeFacts.GoArchitecture,
        OperatingSystem = "linux",
        KernelVersion = info?.KernelVersion ?? "",
        OsImage = info?.OperatingSystem ?? "",
        ContainerRuntimeVersion = version is null ? "" : $"{version.Name}://{version.Version}",
        KubeletVersion = KubeletVersion,
        KubeProxyVersion = "",
        MachineID = FirstLine("/etc/machine-id"),
        SystemUUID = FirstLine("/etc/machine-id"),
        BootID = FirstLine("/proc/sys/kernel/random/boot_id"),
    };

    private static string Fingerprint(NodeStatus status) => string.Join(
        '\n',
        [
            .. (status.Conditions ?? []).Select(one => $"{one.Type} {one.Status} {one.Reason} {one.Message}"),
            .. (status.Addresses ?? []).Select(one => $"{one.Type} {one.Address}"),
            .. (status.Capacity ?? new Dictionary<string, ApiMachinery.Quantities.Quantity>()).Select(one => $"c {one.Key} {one.Value}").Order(StringComparer.Ordinal),
            .. (status.Allocatable ?? new Dictionary<string, ApiMachinery.Quantities.Quantity>()).Select(one => $"a {one.Key} {one.Value}").Order(StringComparer.Ordinal),
            status.NodeInfo?.ToString() ?? "",
        ]);

    private static Dictionary<string, ApiMachinery.Quantities.Quantity> Merge(
        IReadOnlyDictionary<string, ApiMachinery.Quantities.Quantity>? before, IReadOnlyDictionary<string, ApiMachinery.Quantities.Quantity> own)
    {
        var merged = new Dictionary<string, ApiMachinery.Quantities.Quantity>(before ?? own);
        foreach (var (name, value) in own)
        {
            merged[name] = value;
        }

        return merged;
    }

    private static NodeCondition Condition(string type, string status, string reason, string message) => new() { Type = type, Status = status, Reason = reason, Message = message };

    private static string FirstLine(string path) => File.Exists(path) ? File.ReadLines(path).FirstOrDefault("").Trim() : "";
}
