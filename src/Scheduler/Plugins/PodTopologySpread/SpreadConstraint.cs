using KubeAspire.ApiMachinery.Labels;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins.TaintToleration;

namespace KubeAspire.Scheduler.Plugins.PodTopologySpread;

/// <summary>A spread constraint of one pod, ready to be counted.</summary>
/// <param name="TopologyKey">Label of nodes that says what counts as one place.</param>
/// <param name="MaxSkew">By how many pods places may differ.</param>
/// <param name="Selector">Pods that are counted.</param>
/// <param name="MinDomains">Places there should be at least; fewer count as one empty place. 1 where none is asked for.</param>
/// <param name="HonorAffinity">Whether only nodes that the pod's node affinity lets it on count.</param>
/// <param name="HonorTaints">Whether only nodes whose taints it tolerates count.</param>
internal sealed record SpreadConstraint(string TopologyKey, int MaxSkew, Selector Selector, int MinDomains, bool HonorAffinity, bool HonorTaints)
{
    private string? _what;

    /// <summary>The node's own name as a label.</summary>
    public const string Hostname = "kubernetes.io/hostname";

    /// <summary>The node's zone.</summary>
    public const string Zone = "topology.kubernetes.io/zone";

    /// <summary>The pod's own constraints of one kind: DoNotSchedule or ScheduleAnyway.</summary>
    public static SpreadConstraint[] Of(PodInfo pod, string whenUnsatisfiable) =>
    [
        .. from constraint in pod.Pod.Spec.TopologySpreadConstraints ?? []
           where constraint.WhenUnsatisfiable == whenUnsatisfiable
           select new SpreadConstraint(
               constraint.TopologyKey,
               Math.Max(1, constraint.MaxSkew),
               AffinityTerm.SelectorOf(pod.Pod, constraint.LabelSelector, constraint.MatchLabelKeys, null),
               Math.Max(1, constraint.MinDomains ?? 1),
               constraint.NodeAffinityPolicy is null or "Honor",
               constraint.NodeTaintsPolicy == "Honor"),
    ];

    /// <summary>Upstream's defaults for a pod that is one of several and has no constraints of its own.</summary>
    public static SpreadConstraint[] Defaults(PodInfo pod) => pod.SpreadSelector is not { } selector ? [] :
    [
        new(Hostname, 3, selector, 1, true, false),
        new(Zone, 5, selector, 1, true, false),
    ];

    /// <summary>Whether a node's pods count.</summary>
    public bool Includes(PodInfo pod, NodeInfo node) =>
        (!HonorAffinity || NodeSelection.Matches(pod.Pod.Spec, node.Node))
        && (!HonorTaints || Array.TrueForAll(node.HardTaints, taint => Tolerations.Tolerates(pod.Pod.Spec.Tolerations, taint)));

    /// <summary>How many of a node's pods the constraint counts: those of the pod's namespace that stay.</summary>
    public int CountOn(PodInfo pod, NodeInfo node)
    {
        if (node.Pods.Length == 0)
        {
            return 0;
        }

        var what = _what ??= $"{pod.Key.Namespace}/{Selector}";
        if (node.LastCount is var (known, last) && known == what)
        {
            return last;
        }

        var count = 0;
        foreach (var other in node.Pods)
        {
            if (!other.Terminating && other.Key.Namespace == pod.Key.Namespace && Selector.Matches(other.Labels))
            {
                count++;
            }
        }

        node.LastCount = (what, count);
        return count;
    }
}
