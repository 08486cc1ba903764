using System.Globalization;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.ReplicaSets;

/// <summary>What one pass over a ReplicaSet should do to its pods. A value: building it touches nothing.</summary>
/// <param name="ToCreate">How many pods to create.</param>
/// <param name="ToDelete">Pods to delete, the least useful first.</param>
internal sealed record ReplicaSetPlan(int ToCreate, IReadOnlyList<Pod> ToDelete);

/// <summary>Decides for ReplicaSets and, by the same rules, ReplicationControllers. No API, no clock, no logger.</summary>
internal static class ReplicaSetPlanner
{
    /// <summary>Most pods one pass may create or delete. 500, upstream's BurstReplicas.</summary>
    public const int BurstReplicas = 500;

    /// <summary>How many pods are missing, or which are too many.</summary>
    /// <param name="replicaSet">What is wanted.</param>
    /// <param name="owned">Its pods.</param>
    /// <param name="related">Pods of all ReplicaSets of the same owner: a node that has several of them gives one up first.</param>
    /// <param name="now">The instant that ages are measured from.</param>
    public static ReplicaSetPlan Plan(ReplicaSet replicaSet, IReadOnlyList<Pod> owned, IReadOnlyCollection<Pod> related, DateTimeOffset now)
    {
        if (replicaSet.Metadata.DeletionTimestamp is not null)
        {
            return new ReplicaSetPlan(0, []); // The garbage collector owns what a deleted owner leaves behind.
        }

        var active = owned.Where(PodFacts.IsActive).ToList();
        var missing = (replicaSet.Spec.Replicas ?? 1) - active.Count;
        if (missing >= 0)
        {
            return new ReplicaSetPlan(Math.Min(missing, BurstReplicas), []);
        }

        var tooMany = Math.Min(-missing, BurstReplicas);
        return new ReplicaSetPlan(0, tooMany >= active.Count ? active : [.. Ranked(active, related, now).Take(tooMany)]);
    }

    /// <summary>Pods in the order in which they are given up: upstream's ActivePodsWithRanks.</summary>
    public static IEnumerable<Pod> Ranked(IReadOnlyList<Pod> pods, IReadOnlyCollection<Pod> related, DateTimeOffset now)
    {
        var perNode = related.Where(PodFacts.IsActive).Where(pod => !string.IsNullOrEmpty(pod.Spec.NodeName))
            .GroupBy(pod => pod.Spec.NodeName!).ToDictionary(group => group.Key, group => group.Count());
        return pods.Order(Comparer<Pod>.Create((left, right) => Compare(left, right, perNode, now)));
    }

    /// <summary>The status that pods amount to.</summary>
    /// <param name="replicaSet">The ReplicaSet as read.</param>
    /// <param name="owned">Its pods.</param>
    /// <param name="failure">Why pods could not be created or deleted: reason and message; null where all went well.</param>
    /// <param name="now">The instant.</param>
    public static ReplicaSetStatus StatusOf(ReplicaSet replicaSet, IReadOnlyList<Pod> owned, (string Reason, string Message)? failure, DateTimeOffset now)
    {
        var template = Selector.FromMap(replicaSet.Spec.Template?.Metadata.Labels);
        var minReady = replicaSet.Spec.MinReadySeconds ?? 0;
        var active = owned.Where(PodFacts.IsActive).ToList();
        return replicaSet.Status with
        {
            Replicas = active.Count,
            FullyLabeledReplicas = OrNull(active.Count(pod => template.Matches(pod.Metadata.Labels))),
            ReadyReplicas = OrNull(active.Count(PodFacts.IsReady)),
            AvailableReplicas = OrNull(active.Count(pod => PodFacts.IsAvailable(pod, minReady, now))),
            TerminatingReplicas = owned.Count(PodFacts.IsTerminating),
            ObservedGeneration = replicaSet.Metadata.Generation,
            Conditions = ConditionsOf(replicaSet.Status.Conditions ?? [], failure, now),
        };
    }

    /// <summary>The pod that the template describes.</summary>
    public static Pod PodFor(ReplicaSet owner, ResourceType type) => new()
    {
        Metadata = new ObjectMeta
        {
            GenerateName = $"{owner.Metadata.Name}-",
            Namespace = owner.Metadata.Namespace,
            Labels = owner.Spec.Template?.Metadata.Labels,
            Annotations = Annotations(owner.Spec.Template?.Metadata.Annotations),
            Finalizers = owner.Spec.Template?.Metadata.Finalizers,
            OwnerReferences = [Owners.ControllerReference(type, owner.Metadata)],
        },
        Spec = owner.Spec.Template?.Spec ?? new PodSpec(),
    };

    // A trace in a template would be that of the request that wrote the template, for ever: each pod gets its own.
    private static IReadOnlyDictionary<string, string>? Annotations(IReadOnlyDictionary<string, string>? template) =>
        template is null || !template.ContainsKey(Tracing.Annotation) ? template : template.Where(pair => pair.Key != Tracing.Annotation).ToDictionary();

    // Optional numbers are absent where they are zero, as Go's omitempty leaves them.
    private static int? OrNull(int count) => count == 0 ? null : count;

    private static List<ReplicaSetCondition>? ConditionsOf(IReadOnlyList<ReplicaSetCondition> current, (string Reason, string Message)? failure, DateTimeOffset now)
    {
        const string Failure = "ReplicaFailure";
        var others = current.Where(condition => condition.Type != Failure).ToList();
        if (failure is { } why)
        {
            var known = current.FirstOrDefault(condition => condition.Type == Failure);
            others.Add(known ?? new ReplicaSetCondition { Type = Failure, Status = "True", LastTransitionTime = now, Reason = why.Reason, Message = why.Message });
        }

        return others.Count == 0 ? null : others;
    }

    private static int Compare(Pod left, Pod right, Dictionary<string, int> perNode, DateTimeOffset now)
    {
        // 1. Unassigned before assigned.
        var order = string.IsNullOrEmpty(right.Spec.NodeName).CompareTo(string.IsNullOrEmpty(left.Spec.NodeName));
        if (order != 0)
        {
            return order;
        }

        // 2. Pending, then unknown, then running. 3. Not ready before ready. 4. What is declared cheap to lose.
        order = PhaseRank(left).CompareTo(PhaseRank(right));
        order = order != 0 ? order : PodFacts.IsReady(left).CompareTo(PodFacts.IsReady(right));
        order = order != 0 ? order : DeletionCost(left).CompareTo(DeletionCost(right));

        // 5. From the node that has most of them.
        order = order != 0 ? order : OnNode(right, perNode).CompareTo(OnNode(left, perNode));
        if (order != 0)
        {
            return order;
        }

        // 6. Ready for a shorter time first; ages are compared by magnitude so that the choice spreads over pods of like age.
        if (PodFacts.IsReady(left))
        {
            order = NewerFirst(PodFacts.Condition(left, "Ready")?.LastTransitionTime, PodFacts.Condition(right, "Ready")?.LastTransitionTime, now);
            if (order != 0)
            {
                return order;
            }
        }

        // 7. More restarts first. 8. Younger first.
        order = Restarts(right).CompareTo(Restarts(left));
        order = order != 0 ? order : NewerFirst(left.Metadata.CreationTimestamp, right.Metadata.CreationTimestamp, now);
        return order != 0 ? order : string.CompareOrdinal(left.Metadata.Uid, right.Metadata.Uid);
    }

    private static int PhaseRank(Pod pod) => pod.Status.Phase switch
    {
        "Running" => 2,
        "Unknown" => 1,
        _ => 0,
    };

    private static int DeletionCost(Pod pod) =>
        pod.Metadata.Annotations is { } annotations && annotations.TryGetValue("controller.kubernetes.io/pod-deletion-cost", out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost) ? cost : 0;

    private static int OnNode(Pod pod, Dictionary<string, int> perNode) =>
        pod.Spec.NodeName is { Length: > 0 } node ? perNode.GetValueOrDefault(node) : 0;

    private static int Restarts(Pod pod) => pod.Status.ContainerStatuses is { Count: > 0 } statuses ? statuses.Max(status => status.RestartCount) : 0;

    private static int NewerFirst(DateTimeOffset? left, DateTimeOffset? right, DateTimeOffset now) => (left, right) switch
    {
        (null, null) => 0,
        (null, _) => -1, // Unknown counts as youngest.
        (_, null) => 1,
        _ => Magnitude(left.Value, now).CompareTo(Magnitude(right.Value, now)),
    };

    // Upstream's logarithmicRank: the power of two of the age in nanoseconds.
    private static int Magnitude(DateTimeOffset since, DateTimeOffset now)
    {
        var age = (now - since).TotalNanoseconds;
        return age <= 1 ? 0 : (int)Math.Log2(age);
    }
}
