using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.DaemonSets;

/// <summary>What one pass over a DaemonSet should do to its pods. A value: building it touches nothing.</summary>
/// <param name="ToCreate">Nodes that get a pod.</param>
/// <param name="ToDelete">Pods to delete.</param>
/// <param name="Ended">Those of <paramref name="ToDelete"/> that ended by themselves and are replaced.</param>
internal sealed record DaemonSetPlan(IReadOnlyList<string> ToCreate, IReadOnlyList<Pod> ToDelete, IReadOnlyList<Pod> Ended);

/// <summary>Decides for DaemonSets. No API, no clock, no logger.</summary>
internal static class DaemonSetPlanner
{
    /// <summary>Most pods one pass may create or delete. 250, upstream's BurstReplicas.</summary>
    public const int BurstReplicas = 250;

    /// <summary>The pods to make and to take away.</summary>
    /// <param name="set">What is wanted.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="owned">The DaemonSet's pods.</param>
    /// <param name="hash">The current template's revision.</param>
    /// <param name="now">The instant.</param>
    public static DaemonSetPlan Plan(DaemonSet set, IReadOnlyCollection<Node> nodes, IReadOnlyList<Pod> owned, string hash, DateTimeOffset now)
    {
        if (set.Metadata.DeletionTimestamp is not null)
        {
            return new DaemonSetPlan([], [], []);
        }

        var byNode = ByNode(owned);
        List<string> create = [];
        List<Pod> delete = [], ended = [];
        foreach (var node in nodes.OrderBy(node => node.Metadata.Name, StringComparer.Ordinal))
        {
            PlanNode(set, node, byNode.GetValueOrDefault(node.Metadata.Name!) ?? [], hash, now, (create, delete, ended));
        }

        // Pods meant for nodes that are gone and that never were bound: nobody else ends them.
        var known = nodes.Select(node => node.Metadata.Name).ToHashSet();
        delete.AddRange(owned.Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName) && DaemonPods.NodeOf(pod) is { } name && !known.Contains(name) && pod.Metadata.DeletionTimestamp is null));
        if (create.Count == 0 && delete.Count == 0 && set.Spec.UpdateStrategy?.Type is null or "" or "RollingUpdate")
        {
            Update(set, nodes, byNode, hash, now, create, delete);
        }

        return new DaemonSetPlan([.. create.Take(BurstReplicas)], [.. delete.Take(BurstReplicas)], ended);
    }

    /// <summary>The status that pods amount to.</summary>
    public static DaemonSetStatus StatusOf(DaemonSet set, IReadOnlyCollection<Node> nodes, IReadOnlyList<Pod> owned, string hash, DateTimeOffset now)
    {
        var byNode = ByNode(owned);
        int desired = 0, current = 0, misscheduled = 0, ready = 0, available = 0, updated = 0;
        foreach (var node in nodes)
        {
            var pods = byNode.GetValueOrDefault(node.Metadata.Name!) ?? [];
            if (!DaemonPods.Eligible(set, node).Run)
            {
                misscheduled += pods.Count > 0 ? 1 : 0;
                continue;
            }

            desired++;
            if (pods.Count == 0)
            {
                continue;
            }

            current++;
            ready += pods.Any(PodFacts.IsReady) ? 1 : 0;
            available += pods.Any(pod => PodFacts.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now)) ? 1 : 0;
            updated += pods.Any(pod => IsUpdated(pod, hash)) ? 1 : 0;
        }

        return set.Status with
        {
            DesiredNumberScheduled = desired,
            CurrentNumberScheduled = current,
            NumberMisscheduled = misscheduled,
            NumberReady = ready,
            NumberAvailable = OrNull(available),
            NumberUnavailable = OrNull(desired - available),
            UpdatedNumberScheduled = OrNull(updated),
            ObservedGeneration = set.Metadata.Generation,
        };
    }

    /// <summary>Nodes that may be without an available pod, or have two, during an update. Both zero: one may be without.</summary>
    public static (int Surge, int Unavailable) Bounds(DaemonSet set, int desired)
    {
        var rolling = set.Spec.UpdateStrategy?.RollingUpdate;
        var surge = (rolling?.MaxSurge ?? 0).ScaledTo(desired, roundUp: true) ?? 0;
        var unavailable = (rolling?.MaxUnavailable ?? 1).ScaledTo(desired, roundUp: true) ?? 1;
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }

    private static void PlanNode(
        DaemonSet set, Node node, List<Pod> pods, string hash, DateTimeOffset now, (List<string> Create, List<Pod> Delete, List<Pod> Ended) plan)
    {
        var (run, stay) = DaemonPods.Eligible(set, node);
        if (!stay)
        {
            plan.Delete.AddRange(pods.Where(pod => pod.Metadata.DeletionTimestamp is null));
            return;
        }

        var running = new List<Pod>();
        foreach (var pod in pods.Where(pod => pod.Metadata.DeletionTimestamp is null))
        {
            if (PodFacts.IsTerminal(pod))
            {
                plan.Delete.Add(pod);
                plan.Ended.Add(pod);
            }
            else
            {
                running.Add(pod);
            }
        }

        if (run && pods.Count == 0)
        {
            plan.Create.Add(node.Metadata.Name!); // One on its way out is waited for: two daemons on a node disturb each other.
            return;
        }

        // Oldest first. One is kept; while an update may surge, one of each revision until the new one is available.
        running.Sort((left, right) => DaemonPods.NodeOf(left) is null ? 1 : Age(left).CompareTo(Age(right)));
        if (Bounds(set, 1).Surge == 0 || set.Spec.UpdateStrategy?.Type == "OnDelete")
        {
            plan.Delete.AddRange(running.Skip(1));
            return;
        }

        var current = running.Where(pod => IsUpdated(pod, hash)).ToList();
        var old = running.Where(pod => !IsUpdated(pod, hash)).ToList();
        plan.Delete.AddRange(current.Skip(1));
        plan.Delete.AddRange(old.Skip(1));
        if (current.Count > 0 && old.Count > 0
            && (!PodFacts.IsAvailable(old[0], set.Spec.MinReadySeconds ?? 0, now) || PodFacts.IsAvailable(current[0], set.Spec.MinReadySeconds ?? 0, now)))
        {
            plan.Delete.Add(old[0]);
        }
    }

    private static void Update(
        DaemonSet set, IReadOnlyCollection<Node> nodes, Dictionary<string, List<Pod>> byNode, string hash, DateTimeOffset now, List<string> create, List<Pod> delete)
    {
        var eligible = nodes.Where(node => DaemonPods.Eligible(set, node).Run).Select(node => node.Metadata.Name!).Order(StringComparer.Ordinal).ToList();
        var (surge, unavailable) = Bounds(set, eligible.Count);
        var used = 0;
        List<(string Node, Pod Old)> urgent = [], candidates = [];
        foreach (var name in eligible)
        {
            var pods = (byNode.GetValueOrDefault(name) ?? []).Where(pod => pod.Metadata.DeletionTimestamp is null).ToList();
            var current = pods.FirstOrDefault(pod => IsUpdated(pod, hash));
            var old = pods.FirstOrDefault(pod => !IsUpdated(pod, hash));
            if (surge > 0)
            {
                // A node on which the new one is still coming up uses the surge.
                used += current is not null && old is not null ? 1 : 0;
            }
            else if ((current is null) == (old is null) || (current is not null && !PodFacts.IsAvailable(current, set.Spec.MinReadySeconds ?? 0, now)))
            {
                used++;
            }

            if (old is not null && current is null)
            {
                (PodFacts.IsAvailable(old, set.Spec.MinReadySeconds ?? 0, now) ? candidates : urgent).Add((name, old));
            }
        }

        // One that serves nobody is replaced at once; it counts as unavailable already.
        var room = Math.Max(0, (surge > 0 ? surge : unavailable) - used - (surge > 0 ? 0 : urgent.Count));
        foreach (var (name, old) in urgent.Concat(candidates.Take(room)))
        {
            if (surge > 0)
            {
                create.Add(name);
            }
            else
            {
                delete.Add(old);
            }
        }
    }

    private static Dictionary<string, List<Pod>> ByNode(IReadOnlyList<Pod> owned) =>
        owned.Where(pod => DaemonPods.NodeOf(pod) is not null).GroupBy(pod => DaemonPods.NodeOf(pod)!).ToDictionary(group => group.Key, group => group.ToList());

    private static bool IsUpdated(Pod pod, string hash) => pod.Metadata.Labels?.GetValueOrDefault(DaemonPods.HashLabel) == hash;

    private static (DateTimeOffset, string) Age(Pod pod) => (pod.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue, pod.Metadata.Name ?? "");

    private static int? OrNull(int count) => count == 0 ? null : count;
}
