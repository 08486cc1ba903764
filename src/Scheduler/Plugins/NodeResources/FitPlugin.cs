using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.NodeResources;

/// <summary>Keeps pods off nodes that cannot give what they ask for, and prefers nodes with much left.</summary>
public sealed class FitPlugin : IFilterPlugin, IScorePlugin
{
    private const string PluginName = "NodeResourcesFit";

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => PluginName;

    /// <inheritdoc/>
    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeAllocatable | ClusterEvents.PodGone;

    /// <inheritdoc/>
    public INodeFilter? Prepare(PodInfo pod, ClusterSnapshot snapshot) => new Filter(pod.Requests);

    /// <inheritdoc/>
    /// <remarks>Upstream's LeastAllocated over cpu and memory, each counting the same.</remarks>
    public bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            var node = nodes[i];
            var (sum, count) = (0L, 0);
            Add(node.Allocatable.MilliCpu, node.AssumedRequested.MilliCpu + pod.AssumedRequests.MilliCpu, ref sum, ref count);
            Add(node.Allocatable.Memory, node.AssumedRequested.Memory + pod.AssumedRequests.Memory, ref sum, ref count);
            scores[i] = count == 0 ? 0 : sum / count;
        }

        return true;
    }

    private static void Add(long allocatable, long requested, ref long sum, ref int count)
    {
        if (allocatable > 0)
        {
            count++;
            sum += requested > allocatable ? 0 : (long)((Int128)(allocatable - requested) * IScorePlugin.MaximumScore / allocatable);
        }
    }

    private sealed class Filter(ResourceAmounts wanted) : INodeFilter
    {
        private static readonly Rejection s_pods = new(PluginName, "Too many pods");
        private static readonly Rejection s_cpu = new(PluginName, "Insufficient cpu");
        private static readonly Rejection s_memory = new(PluginName, "Insufficient memory");

        public Rejection? Check(NodeInfo node)
        {
            // Most nodes either fit or lack one thing; only the rest, and those to be explained, cost an allocation.
            var tooMany = node.Pods.Length + 1 > node.AllowedPods;
            var cpu = wanted.MilliCpu > 0 && wanted.MilliCpu > node.Allocatable.MilliCpu - node.Requested.MilliCpu;
            var memory = wanted.Memory > 0 && wanted.Memory > node.Allocatable.Memory - node.Requested.Memory;
            var more = wanted.EphemeralStorage > 0 || wanted.Others is not null ? Others(node) : null;
            if (more is null)
            {
                switch (tooMany, cpu, memory)
                {
                    case (false, false, false): return null;
                    case (true, false, false): return s_pods;
                    case (false, true, false) when wanted.MilliCpu <= node.Allocatable.MilliCpu: return s_cpu;
                    case (false, false, true) when wanted.Memory <= node.Allocatable.Memory: return s_memory;
                }
            }

            return All(node, tooMany, cpu, memory, more ?? []);
        }

        private List<string>? Others(NodeInfo node)
        {
            List<string>? missing = null;
            if (wanted.EphemeralStorage > 0 && wanted.EphemeralStorage > node.Allocatable.EphemeralStorage - node.Requested.EphemeralStorage)
            {
                (missing ??= []).Add(ResourceAmounts.EphemeralStorageName);
            }

            foreach (var (name, amount) in wanted.Others ?? new Dictionary<string, long>())
            {
                if (amount > 0 && amount > node.Allocatable[name] - node.Requested[name])
                {
                    (missing ??= []).Add(name);
                }
            }

            return missing;
        }

        private Rejection All(NodeInfo node, bool tooMany, bool cpu, bool memory, List<string> others)
        {
            string?[] names = [cpu ? ResourceAmounts.Cpu : null, memory ? ResourceAmounts.MemoryName : null, .. others];
            var missing = names.OfType<string>().ToList();
            string[] reasons = [.. tooMany ? ["Too many pods"] : Array.Empty<string>(), .. missing.Select(name => $"Insufficient {name}")];
            return new Rejection(PluginName, reasons)
            {
                Detail = missing.Count == 0 ? null : string.Join(", ", missing.Select(name =>
                    $"asks for {Show(name, wanted[name])} {name}, {Show(name, Math.Max(0, node.Allocatable[name] - node.Requested[name]))} of {Show(name, node.Allocatable[name])} free")),
                Unresolvable = missing.Any(name => wanted[name] > node.Allocatable[name]),
            };
        }

        private static string Show(string name, long amount) => name == ResourceAmounts.Cpu ? $"{amount}m" : amount.ToString();
    }
}
