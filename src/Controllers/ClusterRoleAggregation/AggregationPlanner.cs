using KubeAspire.ApiMachinery.Labels;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Rbac;

namespace KubeAspire.Controllers.ClusterRoleAggregation;

/// <summary>Decides the rules of a ClusterRole that is the sum of others. No API, no logger.</summary>
internal static class AggregationPlanner
{
    /// <summary>The rules of all selected roles, in the order of their names, each once.</summary>
    public static IReadOnlyList<PolicyRule> Plan(ClusterRole role, IEnumerable<ClusterRole> all)
    {
        var rules = new List<PolicyRule>();
        var seen = new HashSet<string>();
        var others = all.Where(other => other.Metadata.Name != role.Metadata.Name).OrderBy(other => other.Metadata.Name, StringComparer.Ordinal).ToList();
        foreach (var wanted in role.AggregationRule?.ClusterRoleSelectors ?? [])
        {
            var selector = Selector.From(wanted);
            if (!selector.Succeeded)
            {
                continue; // Refused by validation; one that slipped through selects nothing.
            }

            foreach (var rule in others.Where(other => selector.Value.Matches(other.Metadata.Labels)).SelectMany(other => other.Rules ?? []))
            {
                if (seen.Add(Same.Text(rule)))
                {
                    rules.Add(rule);
                }
            }
        }

        return rules;
    }

    /// <summary>Whether two lists of rules are the same.</summary>
    public static bool AreSame(IReadOnlyList<PolicyRule> left, IReadOnlyList<PolicyRule>? right) =>
        left.Select(Same.Text).SequenceEqual((right ?? []).Select(Same.Text));
}
