using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.NodeLifecycle;

/// <summary>Decides what is said of a node that was not heard of for a while. No API, no clock, no logger.</summary>
internal static class NodeHealthPlanner
{
    private static readonly string[] Judged = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    /// <summary>How long a node may be silent: longer while it has never said that it is ready.</summary>
    public static TimeSpan PatienceFor(Node node, NodeLifecycleOptions options) =>
        Ready(node) is null ? options.StartupGracePeriod : options.GracePeriod;

    /// <summary>The node's Ready condition, or null.</summary>
    public static NodeCondition? Ready(Node node) => node.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");

    /// <summary>The conditions of a node that was silent for too long; null where nothing has to change.</summary>
    /// <param name="node">The node as read.</param>
    /// <param name="silence">Time since its last heartbeat arrived, by the local monotonic clock: no one else's clock is believed.</param>
    /// <param name="options">The grace periods.</param>
    /// <param name="now">The instant written into changed conditions.</param>
    public static IReadOnlyList<NodeCondition>? Plan(Node node, TimeSpan silence, NodeLifecycleOptions options, DateTimeOffset now)
    {
        if (silence <= PatienceFor(node, options))
        {
            return null;
        }

        var conditions = (node.Status.Conditions ?? []).ToList();
        var changed = false;
        foreach (var type in Judged)
        {
            var at = conditions.FindIndex(condition => condition.Type == type);
            if (at < 0)
            {
                changed = true;
                conditions.Add(new NodeCondition
                {
                    Type = type,
                    Status = "Unknown",
                    Reason = "NodeStatusNeverUpdated",
                    Message = "Kubelet never posted node status.",
                    LastHeartbeatTime = node.Metadata.CreationTimestamp,
                    LastTransitionTime = now,
                });
            }
            else if (conditions[at].Status != "Unknown")
            {
                changed = true;
                conditions[at] = conditions[at] with
                {
                    Status = "Unknown",
                    Reason = "NodeStatusUnknown",
                    Message = "Kubelet stopped posting node status.",
                    LastTransitionTime = now,
                };
            }
        }

        return changed ? conditions : null;
    }
}
