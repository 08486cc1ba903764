using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Nodes;

/// <summary>What is known of the machine and of the Node that stands for it.</summary>
internal sealed class NodeFacts
{
    /// <summary>Memory kept for the system and the agent itself: allocatable is less by so much. 100 MiB, upstream's default hard eviction threshold.</summary>
    private const long ReservedMemoryBytes = 100L << 20;

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Node? _node;

    public NodeFacts(IOptions<NodeAgentOptions> options)
    {
        var given = options.Value;
        Address = given.NodeIP ?? FirstAddress();
        Cpu = given.Cpu is { } cpu ? Quantity.Parse(cpu) : Quantity.From(Environment.ProcessorCount);
        MemoryBytes = given.Memory is { } memory ? Quantity.Parse(memory).Value : MachineMemory();
        MaxPods = given.MaxPods;
        Disk = new DriveInfo(Path.GetPathRoot(given.StateDirectory) ?? "/");
    }

    /// <summary>The node's InternalIP.</summary>
    public string Address { get; }

    /// <summary>CPU capacity.</summary>
    public Quantity Cpu { get; }

    /// <summary>Memory capacity, bytes.</summary>
    public long MemoryBytes { get; }

    /// <summary>Most pods.</summary>
    public int MaxPods { get; }

    /// <summary>The disk of the state directory.</summary>
    public DriveInfo Disk { get; }

    /// <summary>
    /// Lowest score of the out-of-memory killer that may be asked for. Only a machine's own administrator may lower it; inside a
    /// virtual machine or container without CAP_SYS_RESOURCE a start that asks for less than the default fails.
    /// </summary>
    public int OomScoreMin { get; } = MayLowerOomScore() ? -1000 : 0;

    /// <summary>Done once the Node was reported Ready for the first time since the agent's start.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The Node as last read; null before it is registered.</summary>
    public Node? Node
    {
        get => _node;
        set => _node = value;
    }

    /// <summary>The Node was reported Ready.</summary>
    public void TellReady() => _ready.TrySetResult();

    /// <summary>What the machine has.</summary>
    public IReadOnlyDictionary<string, Quantity> Capacity => new Dictionary<string, Quantity>
    {
        ["cpu"] = Cpu,
        ["memory"] = new($"{MemoryBytes / 1024}Ki"),
        ["ephemeral-storage"] = new($"{Disk.TotalSize / 1024}Ki"),
        ["pods"] = Quantity.From(MaxPods),
    };

    /// <summary>What pods may use of it.</summary>
    public IReadOnlyDictionary<string, Quantity> Allocatable => new Dictionary<string, Quantity>(Capacity)
    {
        ["memory"] = new($"{Math.Max(0, MemoryBytes - ReservedMemoryBytes) / 1024}Ki"),
        ["ephemeral-storage"] = new($"{Disk.TotalSize / 10 * 9}"),
    };

    /// <summary>Go's word for the processor.</summary>
    public static string GoArchitecture => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>Memory not in use, bytes; null where the machine does not tell.</summary>
    public static long? AvailableMemory() => MemInfo("MemAvailable:");

    // /proc/self/status: "CapEff:	000001ffffffffff", bit 24 is CAP_SYS_RESOURCE.
    private static bool MayLowerOomScore()
    {
        const string name = "CapEff:";
        var line = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status").FirstOrDefault(one => one.StartsWith(name, StringComparison.Ordinal)) : null;
        return line is not null && ulong.TryParse(line.AsSpan(name.Length).Trim(), System.Globalization.NumberStyles.HexNumber, null, out var bits) && (bits & (1UL << 24)) != 0;
    }

    private static long MachineMemory() => MemInfo("MemTotal:") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    // /proc/meminfo: "MemTotal:       24683124 kB"
    private static long? MemInfo(string name)
    {
        var line = File.Exists("/proc/meminfo") ? File.ReadLines("/proc/meminfo").FirstOrDefault(one => one.StartsWith(name, StringComparison.Ordinal)) : null;
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..] && long.TryParse(kibibytes, out var value) ? value * 1024 : null;
    }

    private static string FirstAddress() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .OrderBy(one => one.GetIPProperties().GatewayAddresses.Count == 0) // The one that leads out comes first; bridges have no gateway.
            .SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Select(one => one.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork)?.ToString() ?? IPAddress.Loopback.ToString();
}
