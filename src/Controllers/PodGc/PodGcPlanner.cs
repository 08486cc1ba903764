using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.PodGc;

/// <summary>Why a pod is collected.</summary>
internal enum PodGcCause
{
    /// <summary>It ended, and too many ended pods are kept.</summary>
    Terminated,

    /// <summary>Its node is no more.</summary>
    Orphaned,

    /// <summary>It was deleted before it was bound: no node will ever confirm.</summary>
    UnscheduledTerminating,

    /// <summary>Its node was declared out of service.</summary>
    OutOfService,
}

/// <summary>Decides which pods nobody else will delete. No API, no clock, no logger.</summary>
internal static class PodGcPlanner
{
    private const string OutOfServiceTaint = "node.kubernetes.io/out-of-service";

    /// <summary>The pods to delete at once.</summary>
    /// <param name="pods">All pods.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="threshold">Ended pods that may be kept; 0 for no limit.</param>
    /// <param name="longGone">Names of nodes that have been missing for long enough.</param>
    public static IReadOnlyList<(Pod Pod, PodGcCause Cause)> Plan(
        IReadOnlyCollection<Pod> pods, IReadOnlyCollection<Node> nodes, int threshold, IReadOnlySet<string> longGone)
    {
        var result = new List<(Pod, PodGcCause)>();
        if (threshold > 0)
        {
            var ended = pods.Where(pod => PodFacts.IsTerminal(pod) && pod.Metadata.DeletionTimestamp is null).ToList();
            result.AddRange(ended.OrderBy(pod => pod.Metadata.CreationTimestamp).ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal)
                .Take(Math.Max(0, ended.Count - threshold)).Select(pod => (pod, PodGcCause.Terminated)));
        }

        var down = nodes.Where(node => (node.Spec.Taints ?? []).Any(taint => taint.Key == OutOfServiceTaint)
            && node.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Status != "True").Select(node => node.Metadata.Name).ToHashSet();
        foreach (var pod in pods)
        {
            if (string.IsNullOrEmpty(pod.Spec.NodeName))
            {
                if (pod.Metadata.DeletionTimestamp is not null)
                {
                    result.Add((pod, PodGcCause.UnscheduledTerminating));
                }
            }
            else if (longGone.Contains(pod.Spec.NodeName))
            {
                result.Add((pod, PodGcCause.Orphaned));
            }
            else if (pod.Metadata.DeletionTimestamp is not null && down.Contains(pod.Spec.NodeName))
            {
                result.Add((pod, PodGcCause.OutOfService));
            }
        }

        return [.. result.DistinctBy(each => each.Item1.Metadata.Uid)];
    }

    /// <summary>Nodes that pods are bound to and that are not there.</summary>
    public static IReadOnlySet<string> Missing(IReadOnlyCollection<Pod> pods, IReadOnlyCollection<Node> nodes)
    {
        var known = nodes.Select(node => node.Metadata.Name).ToHashSet();
        return pods.Select(pod => pod.Spec.NodeName).OfType<string>().Where(name => name.Length > 0 && !known.Contains(name)).ToHashSet();
    }
}
