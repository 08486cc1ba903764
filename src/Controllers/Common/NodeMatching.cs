using System.Globalization;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Common;

/// <summary>Whether a node suits a pod's nodeSelector and required node affinity.</summary>
internal static class NodeMatching
{
    /// <summary>Whether all requirements of the pod hold on the node.</summary>
    public static bool Matches(PodSpec pod, Node node)
    {
        foreach (var (key, value) in pod.NodeSelector ?? new Dictionary<string, string>())
        {
            if (node.Metadata.Labels?.GetValueOrDefault(key) != value)
            {
                return false;
            }
        }

        var required = pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return required is null || required.NodeSelectorTerms.Any(term => Matches(term, node));
    }

    /// <summary>Whether the pod tolerates the node's taints of an effect.</summary>
    public static bool Tolerates(IReadOnlyList<Toleration> tolerations, Node node, params ReadOnlySpan<string> effects)
    {
        foreach (var taint in node.Spec.Taints ?? [])
        {
            if (effects.Contains(taint.Effect) && !tolerations.Any(toleration => TaintEviction.TaintEvictionPlanner.Tolerates(toleration, taint)))
            {
                return false;
            }
        }

        return true;
    }

    // A term without requirements matches nothing.
    private static bool Matches(NodeSelectorTerm term, Node node)
    {
        if ((term.MatchExpressions?.Count ?? 0) + (term.MatchFields?.Count ?? 0) == 0)
        {
            return false;
        }

        return (term.MatchExpressions ?? []).All(requirement => Holds(requirement, node.Metadata.Labels?.GetValueOrDefault(requirement.Key)))
            && (term.MatchFields ?? []).All(requirement => requirement.Key == "metadata.name" && Holds(requirement, node.Metadata.Name));
    }

    private static bool Holds(NodeSelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && (requirement.Values ?? []).Contains(value),
        "NotIn" => value is null || !(requirement.Values ?? []).Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value, requirement.Values) is > 0,
        "Lt" => Compare(value, requirement.Values) is < 0,
        _ => false,
    };

    private static int? Compare(string? value, IReadOnlyList<string>? values) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left) && values is [var only]
        && long.TryParse(only, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right) ? left.CompareTo(right) : null;
}
