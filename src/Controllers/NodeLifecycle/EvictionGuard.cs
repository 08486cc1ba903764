using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.NodeLifecycle;

/// <summary>How a zone stands.</summary>
internal enum ZoneState
{
    /// <summary>Most nodes are ready.</summary>
    Normal,

    /// <summary>More than two nodes and a large part of the zone are not ready.</summary>
    PartialDisruption,

    /// <summary>No node is ready.</summary>
    FullDisruption,
}

/// <summary>
/// Says whether pods may be driven from one more node now. When very much fails at once it is more likely the network, or this
/// process, than the nodes: then nothing is evicted.
/// </summary>
/// <remarks>Upstream's zone states and rate-limited tainting.</remarks>
internal sealed class EvictionGuard(NodeLifecycleOptions options, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _lastTaken = [];

    /// <summary>The zone of a node: region and zone labels.</summary>
    public static string ZoneOf(Node node)
    {
        var labels = node.Metadata.Labels;
        return $"{labels?.GetValueOrDefault("topology.kubernetes.io/region")}:{labels?.GetValueOrDefault("topology.kubernetes.io/zone")}";
    }

    /// <summary>The state of every zone. Nodes that never reported do not count.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="isSilent">Whether a node was silent for too long, be it written down yet or not: those that fail together are judged together.</param>
    /// <param name="threshold">Part of a zone that makes a disruption.</param>
    public static Dictionary<string, (ZoneState State, int Nodes)> States(IEnumerable<Node> nodes, Func<Node, bool> isSilent, double threshold)
    {
        var states = new Dictionary<string, (ZoneState, int)>();
        foreach (var zone in nodes.Where(node => NodeHealthPlanner.Ready(node) is not null).GroupBy(ZoneOf))
        {
            var all = zone.Count();
            var failing = zone.Count(node => NodeHealthPlanner.Ready(node)!.Status != "True" || isSilent(node));
            states[zone.Key] = (StateOf(all, failing, threshold), all);
        }

        return states;
    }

    /// <summary>Whether no node of any zone is ready: then even the taints that are there are taken back.</summary>
    public static bool IsTotal(Dictionary<string, (ZoneState State, int Nodes)> states) =>
        states.Count > 0 && states.Values.All(zone => zone.State == ZoneState.FullDisruption);

    /// <summary>Takes the right to evict from one node; otherwise says when to ask again.</summary>
    /// <returns>Null where the right is given; a delay, <see cref="TimeSpan.MaxValue"/> for "when the state changes".</returns>
    public TimeSpan? TryTake(Node node, Dictionary<string, (ZoneState State, int Nodes)> states)
    {
        var zone = ZoneOf(node);
        var (state, size) = states.GetValueOrDefault(zone);
        var rate = RateOf(state, size, IsTotal(states));
        if (rate <= 0)
        {
            return TimeSpan.MaxValue;
        }

        lock (_gate)
        {
            var wait = _lastTaken.TryGetValue(zone, out var last) ? TimeSpan.FromSeconds(1 / rate) - clock.GetElapsedTime(last) : TimeSpan.Zero;
            if (wait > TimeSpan.Zero)
            {
                return wait;
            }

            _lastTaken[zone] = clock.GetTimestamp();
            return null;
        }
    }

    private static ZoneState StateOf(int all, int failing, double threshold) =>
        failing > 0 && failing == all ? ZoneState.FullDisruption
        : failing > 2 && (double)failing / all >= threshold ? ZoneState.PartialDisruption
        : ZoneState.Normal;

    private double RateOf(ZoneState state, int size, bool total) => state switch
    {
        _ when total => 0,
        ZoneState.PartialDisruption => size > options.LargeClusterSize ? options.SecondaryEvictionRate : 0,
        _ => options.EvictionRate, // One zone down while others are well: its pods have somewhere to go.
    };
}
