using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Scheduler.Framework;

/// <summary>What was decided about a pod, and why. A value: making it changed nothing.</summary>
public sealed record SchedulingDecision
{
    /// <summary>Nodes of which the reasons are kept one by one. 100: enough for a person, little enough for thousands of pods.</summary>
    public const int NodesKeptMax = 100;

    /// <summary>The pod.</summary>
    public required ObjectKey Pod { get; init; }

    /// <summary>The node it goes to; null where none will do.</summary>
    public string? Node { get; init; }

    /// <summary>Nodes there were.</summary>
    public int AllNodes { get; init; }

    /// <summary>Nodes that were looked at: with many nodes, only until enough would do.</summary>
    public int CheckedNodes { get; init; }

    /// <summary>Nodes that would do.</summary>
    public int FeasibleNodes { get; init; }

    /// <summary>Upstream's reasons and how many nodes each kept out.</summary>
    public IReadOnlyDictionary<string, int> Reasons { get; init; } = new Dictionary<string, int>();

    /// <summary>Plugins that kept a node out.</summary>
    public IReadOnlySet<string> RejectedBy { get; init; } = new HashSet<string>();

    /// <summary>Node by node the first filter that kept it out; at most <see cref="NodesKeptMax"/> nodes.</summary>
    public IReadOnlyList<KeyValuePair<string, Rejection>> Rejections { get; init; } = [];

    /// <summary>Node by node the scores, the best first; of the best 10. Empty where one node would do: it was not scored.</summary>
    public IReadOnlyList<NodeScore> Scores { get; init; } = [];

    /// <summary>Upstream's message for a pod that fits nowhere: <c>0/2 nodes are available: 1 Insufficient cpu, …</c></summary>
    public string Message
    {
        get
        {
            if (AllNodes == 0)
            {
                return "no nodes available to schedule pods";
            }

            var reasons = Reasons.Select(pair => $"{pair.Value} {pair.Key}").Order(StringComparer.Ordinal);
            return $"0/{AllNodes} nodes are available: {string.Join(", ", reasons)}.";
        }
    }

    /// <summary>The message and, for at most so many nodes, why each will not do.</summary>
    public string MessageByNode(int nodes)
    {
        if (Rejections.Count == 0)
        {
            return Message;
        }

        var listed = Rejections.OrderBy(pair => pair.Key, StringComparer.Ordinal).Take(nodes).Select(pair => $"{pair.Key}: {pair.Value}");
        var more = CheckedNodes - FeasibleNodes - Math.Min(nodes, Rejections.Count);
        return $"{Message} {string.Join("; ", listed)}{(more > 0 ? $"; and {more} more" : "")}.";
    }
}

/// <summary>A node's score.</summary>
/// <param name="Node">The node.</param>
/// <param name="Total">The weighted sum.</param>
/// <param name="ByPlugin">Each plugin's own score, 0 to 100, before its weight.</param>
public sealed record NodeScore(string Node, long Total, IReadOnlyList<KeyValuePair<string, long>> ByPlugin);
