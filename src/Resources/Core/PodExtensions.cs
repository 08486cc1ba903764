namespace KubeAspire.Resources.Core;

/// <summary>Questions that controllers, scheduler, agents and gateways ask of a pod.</summary>
public static class PodExtensions
{
    /// <summary>The condition of this type, or null.</summary>
    public static PodCondition? FindCondition(this Pod pod, string type) => pod.Status.Conditions?.FirstOrDefault(condition => condition.Type == type);

    /// <summary>Whether the Ready condition is True.</summary>
    public static bool IsReady(this Pod pod) => pod.FindCondition(PodConditionTypes.Ready)?.Status == "True";

    /// <summary>Whether the pod has been ready for <paramref name="minReadySeconds"/>.</summary>
    public static bool IsAvailable(this Pod pod, int minReadySeconds, DateTimeOffset now) =>
        pod.FindCondition(PodConditionTypes.Ready) is { Status: "True" } ready
        && (minReadySeconds == 0 || (ready.LastTransitionTime is { } since && since.AddSeconds(minReadySeconds) <= now));

    /// <summary>Whether the pod has ended for good: Succeeded or Failed.</summary>
    public static bool IsTerminal(this Pod pod) => pod.Status.Phase is "Succeeded" or "Failed";

    /// <summary>Whether the pod counts as one of its controller's: not ended and not being deleted.</summary>
    public static bool IsActive(this Pod pod) => !pod.IsTerminal() && pod.Metadata.DeletionTimestamp is null;

    /// <summary>Whether a node has been chosen.</summary>
    public static bool IsScheduled(this Pod pod) => !string.IsNullOrEmpty(pod.Spec.NodeName);

    /// <summary>Whether an init container runs beside the others: a sidecar.</summary>
    public static bool IsSidecar(this Container container) => container.RestartPolicy == "Always";

    /// <summary>The container of this name among all kinds of containers but the ephemeral, or null.</summary>
    public static Container? FindContainer(this PodSpec spec, string name) =>
        spec.Containers.Concat(spec.InitContainers ?? []).FirstOrDefault(container => container.Name == name);

    /// <summary>The conditions with one set. Its transition time changes only when its status does.</summary>
    /// <param name="conditions">The conditions so far; null for none.</param>
    /// <param name="condition">Type, status, reason and message; its own transition time is not looked at.</param>
    /// <param name="now">When the status changed, if it did.</param>
    /// <returns>The same list where nothing changed, so that a caller can compare by reference.</returns>
    public static IReadOnlyList<PodCondition> With(this IReadOnlyList<PodCondition>? conditions, PodCondition condition, DateTimeOffset now)
    {
        var found = conditions?.FirstOrDefault(one => one.Type == condition.Type);
        var set = condition with
        {
            LastProbeTime = found?.LastProbeTime,
            LastTransitionTime = found?.Status == condition.Status ? found.LastTransitionTime : now,
            ObservedGeneration = condition.ObservedGeneration ?? found?.ObservedGeneration,
        };
        return set == found ? conditions! : [.. (conditions ?? []).Where(one => one.Type != condition.Type), set];
    }
}
