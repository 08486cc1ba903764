using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.NodeLifecycle;

/// <summary>Decides the taints that a node's conditions ask for. No API, no clock, no logger.</summary>
internal static class NodeTaintPlanner
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";

    private static readonly Dictionary<string, string> ByPressure = new()
    {
        ["MemoryPressure"] = "node.kubernetes.io/memory-pressure",
        ["DiskPressure"] = "node.kubernetes.io/disk-pressure",
        ["NetworkUnavailable"] = "node.kubernetes.io/network-unavailable",
        ["PIDPressure"] = "node.kubernetes.io/pid-pressure",
    };

    private static readonly HashSet<string> NoScheduleKeys = [.. ByPressure.Values, NotReady, Unreachable, "node.kubernetes.io/unschedulable"];

    /// <summary>The key of the NoExecute taint that the node deserves; null while it is ready or has not reported yet.</summary>
    public static string? EvictionKey(Node node) => NodeHealthPlanner.Ready(node)?.Status switch
    {
        "False" => NotReady,
        "Unknown" => Unreachable,
        _ => null,
    };

    /// <summary>Whether the node carries one of the NoExecute taints of this controller.</summary>
    public static bool IsEvicting(Node node) => (node.Spec.Taints ?? []).Any(IsOwnNoExecute);

    /// <summary>The taints as they should be; the same list where nothing has to change.</summary>
    /// <param name="node">The node.</param>
    /// <param name="evictionKey">Key of the NoExecute taint to carry; null for none.</param>
    /// <param name="now">When a new taint was added.</param>
    public static IReadOnlyList<Taint> Plan(Node node, string? evictionKey, DateTimeOffset now)
    {
        var current = node.Spec.Taints ?? [];
        var wanted = NoScheduleFor(node);
        var result = new List<Taint>();
        foreach (var taint in current)
        {
            var own = (taint.Effect == "NoSchedule" && NoScheduleKeys.Contains(taint.Key)) || IsOwnNoExecute(taint);
            var stays = !own || (taint.Effect == "NoSchedule" ? wanted.Remove(taint.Key) : taint.Key == evictionKey);
            if (stays)
            {
                result.Add(taint);
            }
        }

        foreach (var key in wanted.Order(StringComparer.Ordinal))
        {
            result.Add(new Taint { Key = key, Effect = "NoSchedule", TimeAdded = now });
        }

        if (evictionKey is not null && !result.Any(taint => IsOwnNoExecute(taint) && taint.Key == evictionKey))
        {
            result.Add(new Taint { Key = evictionKey, Effect = "NoExecute", TimeAdded = now });
        }

        return result.Count == current.Count && result.Zip(current).All(pair => ReferenceEquals(pair.First, pair.Second)) ? current : result;
    }

    private static HashSet<string> NoScheduleFor(Node node)
    {
        var keys = new HashSet<string>();
        foreach (var condition in node.Status.Conditions ?? [])
        {
            if (condition.Status == "True" && ByPressure.TryGetValue(condition.Type, out var key))
            {
                keys.Add(key);
            }
        }

        switch (NodeHealthPlanner.Ready(node)?.Status)
        {
            case null or "False":
                keys.Add(NotReady); // A node that has not reported yet takes no pods.
                break;
            case "Unknown":
                keys.Add(Unreachable);
                break;
        }

        if (node.Spec.Unschedulable == true)
        {
            keys.Add("node.kubernetes.io/unschedulable");
        }

        return keys;
    }

    private static bool IsOwnNoExecute(Taint taint) => taint.Effect == "NoExecute" && taint.Key is NotReady or Unreachable && taint.Effect == "NoExecute";
}
