using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.StatefulSets;

/// <summary>What one pass over a StatefulSet should do to its pods. A value: building it touches nothing.</summary>
/// <param name="Create">Numbers of pods to be made, each with whether it gets the new template.</param>
/// <param name="Delete">Pods to be deleted.</param>
/// <param name="Condemned">Pods that are to go because the set shrank.</param>
internal sealed record StatefulSetPlan(IReadOnlyList<(int Ordinal, bool Updated)> Create, IReadOnlyList<Pod> Delete, IReadOnlyList<Pod> Condemned);

/// <summary>Decides about a StatefulSet; never acts.</summary>
/// <remarks>
/// Upstream's stateful_set_control: with OrderedReady one thing happens at a time, and only while every pod before is ready; with Parallel
/// all pods are made and removed at once. A rolling update is one pod at a time in either case, highest number first.
/// </remarks>
internal static class StatefulSetPlanner
{
    public static StatefulSetPlan Plan(StatefulSet set, IReadOnlyList<Pod> pods, string current, string update, DateTimeOffset now)
    {
        var start = set.Spec.Ordinals?.Start ?? 0;
        var end = start + (set.Spec.Replicas ?? 1);
        var byOrdinal = new Dictionary<int, Pod>();
        foreach (var pod in pods)
        {
            if (StatefulPods.OrdinalOf(set, pod) is { } ordinal)
            {
                byOrdinal[ordinal] = pod;
            }
        }

        var condemned = byOrdinal.Where(pair => pair.Key < start || pair.Key >= end).OrderByDescending(pair => pair.Key).Select(pair => pair.Value).ToList();
        var (create, delete) = (new List<(int, bool)>(), new List<Pod>());
        var ordered = set.Spec.PodManagementPolicy != "Parallel";
        if (set.Metadata.DeletionTimestamp is null && Fill(set, byOrdinal, start, end, ordered, current, update, now, create, delete)
            && Shrink(byOrdinal, condemned, start, end, ordered, delete))
        {
            Roll(set, byOrdinal, start, end, update, now, delete);
        }

        return new StatefulSetPlan(create, delete, condemned);
    }

    // Returns whether the pass may go on.
    private static bool Fill(
        StatefulSet set, Dictionary<int, Pod> pods, int start, int end, bool ordered, string current, string update, DateTimeOffset now, List<(int, bool)> create, List<Pod> delete)
    {
        var partition = set.Spec.UpdateStrategy is { Type: "RollingUpdate" } strategy ? strategy.RollingUpdate?.Partition ?? 0 : 0;
        for (var ordinal = start; ordinal < end; ordinal++)
        {
            if (!pods.TryGetValue(ordinal, out var pod))
            {
                create.Add((ordinal, ordinal >= start + partition || current == update));
                if (ordered)
                {
                    return false;
                }
            }
            else if (PodFacts.IsTerminal(pod))
            {
                if (pod.Metadata.DeletionTimestamp is null)
                {
                    delete.Add(pod); // The next pass makes it anew.
                }

                if (ordered)
                {
                    return false;
                }
            }
            else if (ordered && !IsHealthy(set, pod, now))
            {
                return false; // Waits until this one is there, or gone.
            }
        }

        return create.Count + delete.Count == 0;
    }

    private static bool Shrink(
        Dictionary<int, Pod> pods, List<Pod> condemned, int start, int end, bool ordered, List<Pod> delete)
    {
        foreach (var pod in condemned)
        {
            if (pod.Metadata.DeletionTimestamp is null)
            {
                delete.Add(pod);
            }

            if (ordered)
            {
                return false; // One after the other, and only while all that stay are ready: Fill has seen to it.
            }
        }

        return condemned.Count == 0 && (ordered || Enumerable.Range(start, end - start).All(pods.ContainsKey));
    }

    private static void Roll(StatefulSet set, Dictionary<int, Pod> pods, int start, int end, string update, DateTimeOffset now, List<Pod> delete)
    {
        if (set.Spec.UpdateStrategy?.Type == "OnDelete")
        {
            return;
        }

        var partition = set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0;
        for (var ordinal = end - 1; ordinal >= start + partition; ordinal--)
        {
            var pod = pods[ordinal];
            if (StatefulPods.RevisionOf(pod) != update && pod.Metadata.DeletionTimestamp is null)
            {
                delete.Add(pod);
                return;
            }

            if (!IsHealthy(set, pod, now))
            {
                return;
            }
        }
    }

    private static bool IsHealthy(StatefulSet set, Pod pod, DateTimeOffset now) =>
        pod.Metadata.DeletionTimestamp is null && pod.Status.Phase == "Running" && PodFacts.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now);

    /// <summary>The status that the pods show.</summary>
    public static StatefulSetStatus StatusOf(StatefulSet set, IReadOnlyList<Pod> pods, string current, string update, int? collisions, DateTimeOffset now)
    {
        var live = pods.Where(pod => StatefulPods.OrdinalOf(set, pod) is not null).ToList();
        var mine = live.Where(pod => pod.Metadata.DeletionTimestamp is null).ToList();
        var ready = live.Count(pod => pod.Status.Phase == "Running" && PodFacts.IsReady(pod));
        var updated = mine.Count(pod => StatefulPods.RevisionOf(pod) == update);
        var wanted = set.Spec.Replicas ?? 1;
        var rolled = set.Spec.UpdateStrategy?.Type != "OnDelete" && updated == live.Count && live.Count == wanted && ready == wanted;
        return set.Status with
        {
            ObservedGeneration = set.Metadata.Generation,
            Replicas = live.Count,
            ReadyReplicas = ready == 0 ? null : ready,
            AvailableReplicas = live.Count(pod => pod.Status.Phase == "Running" && PodFacts.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now)),
            UpdatedReplicas = updated == 0 ? null : updated,
            CurrentReplicas = (rolled ? updated : mine.Count(pod => StatefulPods.RevisionOf(pod) == current)) is > 0 and var count ? count : null,
            CurrentRevision = rolled ? update : current,
            UpdateRevision = update,
            CollisionCount = collisions ?? 0,
        };
    }
}
