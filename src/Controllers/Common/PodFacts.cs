using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Common;

/// <summary>Questions about pods that several controllers ask.</summary>
internal static class PodFacts
{
    /// <summary>Whether all containers have ended for good.</summary>
    public static bool IsTerminal(Pod pod) => pod.Status.Phase is "Succeeded" or "Failed";

    /// <summary>Whether the pod counts as a replica: neither ended nor on its way out.</summary>
    public static bool IsActive(Pod pod) => !IsTerminal(pod) && pod.Metadata.DeletionTimestamp is null;

    /// <summary>Whether the pod is on its way out and has not ended.</summary>
    public static bool IsTerminating(Pod pod) => !IsTerminal(pod) && pod.Metadata.DeletionTimestamp is not null;

    /// <summary>A condition of the pod, or null.</summary>
    public static PodCondition? Condition(Pod pod, string type)
    {
        foreach (var condition in pod.Status.Conditions ?? [])
        {
            if (condition.Type == type)
            {
                return condition;
            }
        }

        return null;
    }

    /// <summary>Whether the pod's Ready condition is True.</summary>
    public static bool IsReady(Pod pod) => Condition(pod, "Ready")?.Status == "True";

    /// <summary>Whether the pod has been ready for at least <paramref name="minReadySeconds"/>.</summary>
    public static bool IsAvailable(Pod pod, int minReadySeconds, DateTimeOffset now) => AvailableIn(pod, minReadySeconds, now) == TimeSpan.Zero;

    /// <summary>How long until the pod is available if it stays ready: zero where it is, null where it is not ready.</summary>
    public static TimeSpan? AvailableIn(Pod pod, int minReadySeconds, DateTimeOffset now)
    {
        if (Condition(pod, "Ready") is not { Status: "True" } ready)
        {
            return null;
        }

        if (minReadySeconds <= 0)
        {
            return TimeSpan.Zero;
        }

        if (ready.LastTransitionTime is not { } since)
        {
            return null;
        }

        var left = since + TimeSpan.FromSeconds(minReadySeconds) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>The soonest instant at which one of the pods becomes available, as a delay; null where nothing is awaited.</summary>
    public static TimeSpan? NextAvailability(IEnumerable<Pod> pods, int minReadySeconds, DateTimeOffset now)
    {
        TimeSpan? next = null;
        foreach (var pod in pods)
        {
            if (AvailableIn(pod, minReadySeconds, now) is { } wait && wait > TimeSpan.Zero && (next is null || wait < next))
            {
                next = wait;
            }
        }

        return next;
    }
}
