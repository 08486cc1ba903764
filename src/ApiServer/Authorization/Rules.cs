using KubeAspire.Resources.Rbac;

namespace KubeAspire.ApiServer.Authorization;

/// <summary>What is asked of authorization.</summary>
public sealed record AccessQuestion
{
    /// <summary>The verb.</summary>
    public required string Verb { get; init; }

    /// <summary>API group.</summary>
    public string Group { get; init; } = "";

    /// <summary>Resource, with subresource: <c>pods/log</c>.</summary>
    public string Resource { get; init; } = "";

    /// <summary>Namespace; empty for the cluster.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Name of the object; empty where none is named.</summary>
    public string Name { get; init; } = "";

    /// <summary>A path that is no resource, or null.</summary>
    public string? Path { get; init; }
}

/// <summary>What an RBAC rule allows, and whether some rules cover others.</summary>
/// <remarks>kubernetes pkg/apis/rbac/v1 evaluation helpers, and k8s.io/component-helpers auth/rbac/validation for coverage.</remarks>
public static class Rules
{
    /// <summary>Whether a rule allows what is asked.</summary>
    public static bool Allows(PolicyRule rule, AccessQuestion question)
    {
        if (!Has(rule.Verbs, question.Verb))
        {
            return false;
        }

        if (question.Path is { } path)
        {
            return rule.NonResourceURLs?.Any(allowed => MatchesPath(allowed, path)) == true;
        }

        return Has(rule.ApiGroups, question.Group) && HasResource(rule.Resources, question.Resource)
            && (rule.ResourceNames is not { Count: > 0 } names || names.Contains(question.Name));
    }

    /// <summary>The parts of some rules that a user's rules do not allow: what would be an escalation.</summary>
    public static IReadOnlyList<PolicyRule> Uncovered(IReadOnlyCollection<PolicyRule> owned, IEnumerable<PolicyRule> granted) =>
        [.. granted.SelectMany(Split).Where(part => !owned.Any(rule => Covers(rule, part)))];

    /// <summary>A rule as upstream's messages show it.</summary>
    public static string Describe(PolicyRule rule)
    {
        var parts = new List<string>();
        Append("APIGroups", rule.ApiGroups);
        Append("Resources", rule.Resources);
        Append("NonResourceURLs", rule.NonResourceURLs);
        Append("ResourceNames", rule.ResourceNames);
        Append("Verbs", rule.Verbs);
        return $"{{{string.Join(", ", parts)}}}";

        void Append(string name, IReadOnlyList<string>? values)
        {
            if (values is { Count: > 0 })
            {
                parts.Add($"{name}:[{string.Join(" ", values.Select(value => $"\"{value}\""))}]");
            }
        }
    }

    private static IEnumerable<PolicyRule> Split(PolicyRule rule)
    {
        foreach (var verb in rule.Verbs ?? [])
        {
            foreach (var url in rule.NonResourceURLs ?? [])
            {
                yield return new PolicyRule { Verbs = [verb], NonResourceURLs = [url] };
            }

            foreach (var group in rule.ApiGroups ?? [])
            {
                foreach (var resource in rule.Resources ?? [])
                {
                    if (rule.ResourceNames is not { Count: > 0 } names)
                    {
                        yield return new PolicyRule { Verbs = [verb], ApiGroups = [group], Resources = [resource] };
                        continue;
                    }

                    foreach (var name in names)
                    {
                        yield return new PolicyRule { Verbs = [verb], ApiGroups = [group], Resources = [resource], ResourceNames = [name] };
                    }
                }
            }
        }
    }

    private static bool Covers(PolicyRule rule, PolicyRule part)
    {
        if (!Has(rule.Verbs, part.Verbs![0]))
        {
            return false;
        }

        if (part.NonResourceURLs is [var url])
        {
            return rule.NonResourceURLs?.Any(allowed => allowed == url || MatchesPath(allowed, url)) == true;
        }

        return Has(rule.ApiGroups, part.ApiGroups![0]) && HasResource(rule.Resources, part.Resources![0])
            && (rule.ResourceNames is not { Count: > 0 } names || (part.ResourceNames is [var name] && names.Contains(name)));
    }

    private static bool Has(IReadOnlyList<string>? values, string wanted) => values?.Any(value => value == "*" || value == wanted) == true;

    private static bool HasResource(IReadOnlyList<string>? values, string wanted)
    {
        if (values is null)
        {
            return false;
        }

        var slash = wanted.IndexOf('/');
        var anyParent = slash < 0 ? null : "*" + wanted[slash..];
        return values.Any(value => value == "*" || value == wanted || (anyParent is not null && value == anyParent));
    }

    private static bool MatchesPath(string allowed, string path) =>
        allowed == "*" || allowed == path || (allowed.EndsWith('*') && path.StartsWith(allowed.AsSpan(0, allowed.Length - 1), StringComparison.Ordinal));
}
