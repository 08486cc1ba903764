using System.Globalization;
using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler.Framework;

/// <summary>Whether a node is one a pod asks for: its nodeSelector and node affinity.</summary>
public static class NodeSelection
{
    /// <summary>Whether a pod's nodeSelector and required node affinity let it on a node.</summary>
    public static bool Matches(PodSpec spec, Node node)
    {
        if (spec.NodeSelector is { Count: > 0 } selector)
        {
            foreach (var (key, value) in selector)
            {
                if (node.Metadata.Labels?.TryGetValue(key, out var has) != true || has != value)
                {
                    return false;
                }
            }
        }

        return spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || required.NodeSelectorTerms.Any(term => Matches(term, node));
    }

    /// <summary>Whether a node meets a term. A term without requirements matches no node.</summary>
    public static bool Matches(NodeSelectorTerm term, Node node)
    {
        if ((term.MatchExpressions?.Count ?? 0) + (term.MatchFields?.Count ?? 0) == 0)
        {
            return false;
        }

        foreach (var requirement in term.MatchExpressions ?? [])
        {
            string? value = null;
            var has = node.Metadata.Labels?.TryGetValue(requirement.Key, out value) == true;
            if (!Meets(requirement, has, value))
            {
                return false;
            }
        }

        foreach (var requirement in term.MatchFields ?? [])
        {
            if (requirement.Key != "metadata.name" || !Meets(requirement, true, node.Metadata.Name))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Meets(NodeSelectorRequirement requirement, bool has, string? value) => requirement.Operator switch
    {
        "In" => has && requirement.Values?.Contains(value!) == true,
        "NotIn" => !has || requirement.Values?.Contains(value!) != true,
        "Exists" => has,
        "DoesNotExist" => !has,
        "Gt" => has && Compare(value!, requirement) > 0,
        "Lt" => has && Compare(value!, requirement) < 0,
        _ => false,
    };

    // Zero for what is no number: neither greater nor less.
    private static int Compare(string value, NodeSelectorRequirement requirement) =>
        requirement.Values is [var bound]
        && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
        && long.TryParse(bound, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right) ? left.CompareTo(right) : 0;
}
