namespace KubeAspire.Resources.Core;

/// <summary>Questions that controllers and the scheduler ask of a node.</summary>
public static class NodeExtensions
{
    /// <summary>The condition of this type, or null.</summary>
    public static NodeCondition? FindCondition(this Node node, string type) => node.Status.Conditions?.FirstOrDefault(condition => condition.Type == type);

    /// <summary>Whether the Ready condition is True.</summary>
    public static bool IsReady(this Node node) => node.FindCondition("Ready")?.Status == "True";

    /// <summary>The first address of a type, such as <c>InternalIP</c> or <c>Hostname</c>; null for none.</summary>
    public static string? AddressOf(this Node node, string type) => node.Status.Addresses?.FirstOrDefault(address => address.Type == type)?.Address;

    /// <summary>Whether a toleration covers a taint: key, value and effect, each where it is named.</summary>
    public static bool Tolerates(this Toleration toleration, Taint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint.Key)
        && toleration.Operator switch
        {
            null or "" or "Equal" => (toleration.Value ?? "") == (taint.Value ?? ""),
            "Exists" => true,
            _ => false,
        };

    /// <summary>The conditions with one set. Its transition time changes only when its status does; its heartbeat is <paramref name="now"/>.</summary>
    public static IReadOnlyList<NodeCondition> With(this IReadOnlyList<NodeCondition>? conditions, NodeCondition condition, DateTimeOffset now)
    {
        var found = conditions?.FirstOrDefault(one => one.Type == condition.Type);
        var set = condition with { LastHeartbeatTime = now, LastTransitionTime = found?.Status == condition.Status ? found.LastTransitionTime : now };
        return found is null ? [.. conditions ?? [], set] : [.. conditions!.Select(one => one.Type == condition.Type ? set : one)];
    }
}
