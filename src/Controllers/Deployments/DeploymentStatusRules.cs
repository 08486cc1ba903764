using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.Deployments;

/// <summary>What a Deployment says about itself.</summary>
internal static class DeploymentStatusRules
{
    public const string Progressing = "Progressing";
    public const string Available = "Available";
    public const string ReplicaFailure = "ReplicaFailure";
    public const string TimedOutReason = "ProgressDeadlineExceeded";
    public const string NewAvailableReason = "NewReplicaSetAvailable";
    public const string PausedReason = "DeploymentPaused";

    /// <summary>A condition, or null.</summary>
    public static DeploymentCondition? Find(DeploymentStatus status, string type) => status.Conditions?.FirstOrDefault(condition => condition.Type == type);

    /// <summary>The numbers, and whether enough pods are available.</summary>
    public static DeploymentStatus Count(Deployment deployment, DeploymentStatus current, IReadOnlyList<ReplicaSet> all, ReplicaSet? newSet, DateTimeOffset now)
    {
        var total = all.Sum(set => set.Status.Replicas);
        var available = all.Sum(set => set.Status.AvailableReplicas ?? 0);
        var status = current with
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = OrNull(total),
            UpdatedReplicas = OrNull(newSet?.Status.Replicas ?? 0),
            ReadyReplicas = OrNull(all.Sum(set => set.Status.ReadyReplicas ?? 0)),
            AvailableReplicas = OrNull(available),
            UnavailableReplicas = OrNull(Math.Max(0, total - available)),
            TerminatingReplicas = all.Sum(set => set.Status.TerminatingReplicas ?? 0),
        };
        return available >= DeploymentMath.Size(deployment) - DeploymentMath.MaxUnavailable(deployment)
            ? Set(status, Available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
            : Set(status, Available, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now);
    }

    /// <summary>The numbers plus what a rollout in progress says: how it goes, and whether its deadline has passed.</summary>
    public static DeploymentStatus Rollout(Deployment deployment, DeploymentStatus current, IReadOnlyList<ReplicaSet> all, ReplicaSet? newSet, DateTimeOffset now)
    {
        var status = Count(deployment, current, all, newSet, now);
        if (!DeploymentMath.HasProgressDeadline(deployment))
        {
            status = Remove(status, Progressing);
        }
        else
        {
            var known = Find(current, Progressing);
            var settled = (status.Replicas ?? 0) == (status.UpdatedReplicas ?? 0) && known?.Reason == NewAvailableReason;
            if (!settled)
            {
                status = Progress(deployment, current, status, known, newSet, now);
            }
        }

        var failing = newSet?.Status.Conditions?.FirstOrDefault(condition => condition.Type == ReplicaFailure)
            ?? all.SelectMany(set => set.Status.Conditions ?? []).FirstOrDefault(condition => condition.Type == ReplicaFailure);
        return failing is null ? Remove(status, ReplicaFailure) : Set(status, ReplicaFailure, failing.Status, failing.Reason ?? "", failing.Message ?? "", failing.LastTransitionTime ?? now);
    }

    /// <summary>Whether all replicas are of the newest template and available.</summary>
    public static bool IsComplete(Deployment deployment, DeploymentStatus status)
    {
        var size = DeploymentMath.Size(deployment);
        return (status.UpdatedReplicas ?? 0) == size && (status.Replicas ?? 0) == size && (status.AvailableReplicas ?? 0) == size
            && (status.ObservedGeneration ?? 0) >= (deployment.Metadata.Generation ?? 0);
    }

    /// <summary>When the deadline has to be looked at again; null for never.</summary>
    public static TimeSpan? CheckAgainIn(Deployment deployment, DeploymentStatus status, DateTimeOffset now)
    {
        var known = Find(status, Progressing);
        if (!DeploymentMath.HasProgressDeadline(deployment) || known is null || IsComplete(deployment, status)
            || deployment.Spec.Paused == true || known.Reason is TimedOutReason or NewAvailableReason || known.LastUpdateTime is not { } since)
        {
            return null;
        }

        var left = since + TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value) - now;

        // A second more: stored times are whole seconds, and a check in the same second would find nothing.
        return (left > TimeSpan.Zero ? left : TimeSpan.Zero) + TimeSpan.FromSeconds(1);
    }

    /// <summary>Pausing and resuming stop and restart the deadline.</summary>
    public static DeploymentStatus Paused(Deployment deployment, DeploymentStatus current, DateTimeOffset now)
    {
        var known = Find(current, Progressing);
        if (!DeploymentMath.HasProgressDeadline(deployment) || known?.Reason == TimedOutReason)
        {
            return current;
        }

        var paused = deployment.Spec.Paused == true;
        return (paused, known?.Reason == PausedReason) switch
        {
            (true, false) => Set(current, Progressing, "Unknown", PausedReason, "Deployment is paused", now),
            (false, true) => Set(current, Progressing, "Unknown", "DeploymentResumed", "Deployment is resumed", now),
            _ => current,
        };
    }

    /// <summary>Sets a condition; one of the same status and reason stays as it is, of the same status keeps its transition time.</summary>
    public static DeploymentStatus Set(DeploymentStatus status, string type, string value, string reason, string message, DateTimeOffset now)
    {
        var known = Find(status, type);
        if (known is not null && known.Status == value && known.Reason == reason)
        {
            return status;
        }

        var condition = new DeploymentCondition
        {
            Type = type,
            Status = value,
            Reason = reason,
            Message = message,
            LastUpdateTime = now,
            LastTransitionTime = known?.Status == value ? known.LastTransitionTime : now,
        };
        return status with { Conditions = [.. (status.Conditions ?? []).Where(other => other.Type != type), condition] };
    }

    private static DeploymentStatus Progress(
        Deployment deployment, DeploymentStatus before, DeploymentStatus status, DeploymentCondition? known, ReplicaSet? newSet, DateTimeOffset now)
    {
        var subject = newSet is null ? $"Deployment \"{deployment.Metadata.Name}\"" : $"ReplicaSet \"{newSet.Metadata.Name}\"";
        if (IsComplete(deployment, status))
        {
            return Set(status, Progressing, "True", NewAvailableReason, $"{subject} has successfully progressed.", now);
        }

        if (HasProgressed(before, status))
        {
            // Each step forward restarts the deadline, so the update time moves even where nothing else of the condition does.
            var moved = Set(Remove(status, Progressing), Progressing, "True", "ReplicaSetUpdated", $"{subject} is progressing.", now);
            return known is { Status: "True", LastTransitionTime: { } since } ? WithTransition(moved, since) : moved;
        }

        return HasTimedOut(deployment, known, now) ? Set(status, Progressing, "False", TimedOutReason, $"{subject} has timed out progressing.", now) : status;
    }

    private static bool HasProgressed(DeploymentStatus before, DeploymentStatus after)
    {
        static int Old(DeploymentStatus status) => (status.Replicas ?? 0) - (status.UpdatedReplicas ?? 0);
        return (after.UpdatedReplicas ?? 0) > (before.UpdatedReplicas ?? 0) || Old(after) < Old(before)
            || (after.ReadyReplicas ?? 0) > (before.ReadyReplicas ?? 0) || (after.AvailableReplicas ?? 0) > (before.AvailableReplicas ?? 0);
    }

    private static bool HasTimedOut(Deployment deployment, DeploymentCondition? known, DateTimeOffset now) => known switch
    {
        null or { Reason: NewAvailableReason } => false,
        { Reason: TimedOutReason } => true,
        { LastUpdateTime: { } since } => since + TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value) < now,
        _ => false,
    };

    private static DeploymentStatus WithTransition(DeploymentStatus status, DateTimeOffset since) => status with
    {
        Conditions = [.. status.Conditions!.Select(condition => condition.Type == Progressing ? condition with { LastTransitionTime = since } : condition)],
    };

    private static DeploymentStatus Remove(DeploymentStatus status, string type)
    {
        if (Find(status, type) is null)
        {
            return status;
        }

        var others = status.Conditions!.Where(condition => condition.Type != type).ToList();
        return status with { Conditions = others.Count == 0 ? null : others };
    }

    private static int? OrNull(int count) => count == 0 ? null : count;
}
