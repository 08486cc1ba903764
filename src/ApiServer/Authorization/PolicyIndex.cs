using System.Collections.Concurrent;
using System.Collections.Immutable;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Resources;
using KubeAspire.Resources.Rbac;

namespace KubeAspire.ApiServer.Authorization;

/// <summary>All RBAC objects at one moment, filed by subject. Immutable; swapped whole.</summary>
public sealed class PolicyIndex
{
    /// <summary>Decisions remembered at most; then all are forgotten. 16,384: some hundred users with what they usually do.</summary>
    private const int MostDecisions = 16_384;

    private readonly ConcurrentDictionary<Decision, bool> _decisions = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<PolicyRule>> _aggregated = new(StringComparer.Ordinal);
    private readonly ImmutableDictionary<ObjectKey, Role> _roles;
    private readonly ImmutableDictionary<string, ClusterRole> _clusterRoles;
    private readonly Dictionary<string, List<(string Namespace, RoleRef Role)>> _bySubject = new(StringComparer.Ordinal);

    /// <summary>Files the bindings.</summary>
    public PolicyIndex(
        ImmutableDictionary<ObjectKey, Role> roles,
        ImmutableDictionary<string, ClusterRole> clusterRoles,
        IEnumerable<RoleBinding> bindings,
        IEnumerable<ClusterRoleBinding> clusterBindings)
    {
        _roles = roles;
        _clusterRoles = clusterRoles;
        foreach (var binding in bindings)
        {
            Add(binding.Metadata.Namespace ?? "", binding.RoleRef, binding.Subjects);
        }

        foreach (var binding in clusterBindings)
        {
            Add("", binding.RoleRef, binding.Subjects);
        }
    }

    /// <summary>Nothing is allowed.</summary>
    public static PolicyIndex Empty { get; } = new(ImmutableDictionary<ObjectKey, Role>.Empty, ImmutableDictionary<string, ClusterRole>.Empty, [], []);

    /// <summary>Whether the rules allow a user what is asked.</summary>
    public bool Allows(ApiUser user, AccessQuestion question) =>
        (question.Path is null && AllowsAnyName(user, question)) || RulesOf(user, question.Namespace).Any(rule => Rules.Allows(rule, question));

    /// <summary>Every rule that a user has in a namespace (or, for an empty one, in the cluster), with the binding's scope applied.</summary>
    public IEnumerable<PolicyRule> RulesOf(ApiUser user, string ns)
    {
        foreach (var subject in SubjectsOf(user))
        {
            if (!_bySubject.TryGetValue(subject, out var grants))
            {
                continue;
            }

            foreach (var (scope, role) in grants)
            {
                if (scope.Length > 0 && scope != ns)
                {
                    continue;
                }

                foreach (var rule in RulesOf(role, scope))
                {
                    yield return rule;
                }
            }
        }
    }

    /// <summary>The rules of a role as a binding names it.</summary>
    public IReadOnlyList<PolicyRule> RulesOf(RoleRef reference, string ns) => reference.Kind == "Role"
        ? _roles.TryGetValue(new ObjectKey(ns, reference.Name ?? ""), out var role) ? role.Rules ?? [] : []
        : _clusterRoles.TryGetValue(reference.Name ?? "", out var clusterRole) ? RulesOf(clusterRole) : [];

    /// <summary>A cluster role's rules; of an aggregated one, those of every role that its selectors match.</summary>
    public IReadOnlyList<PolicyRule> RulesOf(ClusterRole role)
    {
        if (role.AggregationRule?.ClusterRoleSelectors is not { Count: > 0 } selectors)
        {
            return role.Rules ?? [];
        }

        return _aggregated.GetOrAdd(role.Metadata.Name ?? "", _ => Gather(role, selectors));
    }

    /// <summary>The cluster roles that gather the rules of others.</summary>
    public IEnumerable<ClusterRole> Aggregated => _clusterRoles.Values.Where(role => role.AggregationRule is not null);

    // Most requests are allowed by a rule that names no objects: that is asked once for all of them.
    private bool AllowsAnyName(ApiUser user, AccessQuestion question)
    {
        var key = new Decision(user, question.Verb, question.Group, question.Resource, question.Namespace);
        if (_decisions.TryGetValue(key, out var allowed))
        {
            return allowed;
        }

        allowed = RulesOf(user, question.Namespace).Any(rule => rule.ResourceNames is not { Count: > 0 } && Rules.Allows(rule, question));
        if (_decisions.Count >= MostDecisions)
        {
            _decisions.Clear();
        }

        _decisions[key] = allowed;
        return allowed;
    }

    private List<PolicyRule> Gather(ClusterRole role, IReadOnlyList<LabelSelector> selectors)
    {
        var names = new HashSet<string> { role.Metadata.Name ?? "" };
        var rules = new List<PolicyRule>();
        foreach (var other in _clusterRoles.Values.OrderBy(other => other.Metadata.Name, StringComparer.Ordinal))
        {
            if (!names.Contains(other.Metadata.Name ?? "") && selectors.Any(selector => Selects(selector, other.Metadata.Labels)))
            {
                names.Add(other.Metadata.Name ?? "");
                rules.AddRange(other.AggregationRule is null ? other.Rules ?? [] : Nested(other, names));
            }
        }

        return rules;
    }

    private IEnumerable<PolicyRule> Nested(ClusterRole role, HashSet<string> seen)
    {
        foreach (var other in _clusterRoles.Values)
        {
            if (role.AggregationRule!.ClusterRoleSelectors!.Any(selector => Selects(selector, other.Metadata.Labels)) && seen.Add(other.Metadata.Name ?? ""))
            {
                foreach (var rule in other.AggregationRule is null ? other.Rules ?? [] : Nested(other, seen))
                {
                    yield return rule;
                }
            }
        }
    }

    private static bool Selects(LabelSelector selector, IReadOnlyDictionary<string, string>? labels) =>
        ApiMachinery.Labels.Selector.From(selector) is { Succeeded: true } parsed && parsed.Value.Matches(labels);

    private static IEnumerable<string> SubjectsOf(ApiUser user)
    {
        yield return "User/" + user.Name;
        foreach (var group in user.Groups)
        {
            yield return "Group/" + group;
        }
    }

    private void Add(string scope, RoleRef role, IReadOnlyList<Subject>? subjects)
    {
        foreach (var subject in subjects ?? [])
        {
            var key = subject.Kind == "ServiceAccount"
                ? $"User/system:serviceaccount:{(string.IsNullOrEmpty(subject.Namespace) ? scope : subject.Namespace)}:{subject.Name}" : $"{subject.Kind}/{subject.Name}";
            if (!_bySubject.TryGetValue(key, out var grants))
            {
                _bySubject[key] = grants = [];
            }

            grants.Add((scope, role));
        }
    }

    // What a decision depends on besides the rules and the object's name. Of the user, what subjects of bindings can name.
    private readonly record struct Decision(ApiUser User, string Verb, string Group, string Resource, string Namespace)
    {
        public bool Equals(Decision other) =>
            User.Name == other.User.Name && Verb == other.Verb && Group == other.Group && Resource == other.Resource && Namespace == other.Namespace
            && (ReferenceEquals(User.Groups, other.User.Groups) || User.Groups.SequenceEqual(other.User.Groups));

        public override int GetHashCode() => HashCode.Combine(User.Name, Verb, Group, Resource, Namespace);
    }
}
