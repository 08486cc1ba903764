using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>Decides what the status of a CustomResourceDefinition says. No store, no clock of its own.</summary>
/// <remarks>
/// Upstream's naming, establishing and API approval controllers (k8s.io/apiextensions-apiserver pkg/controller/status, establish, apiapproval) in one step: the
/// names that are free become the accepted ones, and a definition whose names were all accepted once is established for good.
/// </remarks>
internal static class DefinitionPlanner
{
    public const string NamesAccepted = "NamesAccepted";
    public const string Established = "Established";
    public const string Terminating = "Terminating";
    public const string Approved = "KubernetesAPIApprovalPolicyConformant";
    private const string ApprovalAnnotation = "api-approved.kubernetes.io";
    private const string Policy = "see https://github.com/kubernetes/enhancements/pull/1111";

    /// <summary>Whether a condition is true.</summary>
    public static bool Is(CustomResourceDefinitionStatus status, string condition) => status.Conditions?.Any(found => found.Type == condition && found.Status == "True") == true;

    /// <summary>The status of a definition among the others of its group.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="others">The other definitions of its group, with the names they hold.</param>
    /// <param name="now">The instant, for conditions that change.</param>
    public static CustomResourceDefinitionStatus Plan(CustomResourceDefinition definition, IReadOnlyList<CustomResourceDefinition> others, DateTimeOffset now)
    {
        var held = definition.Status.AcceptedNames ?? new();
        var resources = others.SelectMany(other => Resources(other.Status.AcceptedNames ?? new())).ToHashSet(StringComparer.Ordinal);
        var kinds = others.SelectMany(other => Kinds(other.Status.AcceptedNames ?? new())).ToHashSet(StringComparer.Ordinal);
        var (accepted, conflict) = Names(definition.Spec.Names, held, resources, kinds);
        var conditions = (definition.Status.Conditions ?? []).ToList();
        Set(conditions, new()
        {
            Type = NamesAccepted, Status = conflict is null ? "True" : "False",
            Reason = conflict?.Reason ?? "NoConflicts", Message = conflict?.Message ?? "no conflicts found",
        }, now);
        if (conditions.FirstOrDefault(condition => condition.Type == Established) is not { Status: "True" })
        {
            Set(conditions, conflict is null
                ? new() { Type = Established, Status = "True", Reason = "InitialNamesAccepted", Message = "the initial names have been accepted" }
                : new() { Type = Established, Status = "False", Reason = "NotAccepted", Message = "not all names are accepted" }, now);
        }

        if (Approval(definition) is { } approval)
        {
            Set(conditions, approval, now);
        }

        return definition.Status with { AcceptedNames = accepted, Conditions = conditions };
    }

    /// <summary>Whether two states of a definition hold the same names.</summary>
    public static bool SameNames(CustomResourceDefinitionNames left, CustomResourceDefinitionNames right) =>
        left.Plural == right.Plural && left.Kind == right.Kind && (left.Singular ?? "") == (right.Singular ?? "") && (left.ListKind ?? "") == (right.ListKind ?? "")
        && (left.ShortNames ?? []).SequenceEqual(right.ShortNames ?? []) && (left.Categories ?? []).SequenceEqual(right.Categories ?? []);

    /// <summary>Whether two states say the same, whenever they came to say it.</summary>
    public static bool Same(CustomResourceDefinitionStatus left, CustomResourceDefinitionStatus right) =>
        SameNames(left.AcceptedNames ?? new(), right.AcceptedNames ?? new()) && (left.Conditions ?? []).SequenceEqual(right.Conditions ?? [])
        && (left.StoredVersions ?? []).SequenceEqual(right.StoredVersions ?? []);

    /// <summary>Puts a condition in its place; one that says the same keeps its time.</summary>
    public static void Set(List<CustomResourceDefinitionCondition> conditions, CustomResourceDefinitionCondition condition, DateTimeOffset now)
    {
        var at = conditions.FindIndex(found => found.Type == condition.Type);
        if (at < 0)
        {
            conditions.Add(condition with { LastTransitionTime = now });
            return;
        }

        conditions[at] = condition with { LastTransitionTime = conditions[at].Status == condition.Status ? conditions[at].LastTransitionTime ?? now : now };
    }

    private static (CustomResourceDefinitionNames Accepted, (string Reason, string Message)? Conflict) Names(
        CustomResourceDefinitionNames asked, CustomResourceDefinitionNames held, HashSet<string> resources, HashSet<string> kinds)
    {
        (string, string)? conflict = null;
        string Take(string wanted, string current, HashSet<string> used, string reason)
        {
            if (wanted == current || !used.Contains(wanted))
            {
                return wanted;
            }

            conflict = (reason, $"\"{wanted}\" is already in use");
            return current;
        }

        var plural = Take(asked.Plural, held.Plural, resources, "PluralConflict");
        var singular = Take(asked.Singular ?? "", held.Singular ?? "", resources, "SingularConflict");
        var taken = (asked.ShortNames ?? []).Where(name => held.ShortNames?.Contains(name) != true && resources.Contains(name)).Select(name => $"\"{name}\" is already in use").ToList();
        var shortNames = asked.ShortNames;
        if (taken.Count > 0)
        {
            conflict = ("ShortNamesConflict", taken.Count == 1 ? taken[0] : $"[{string.Join(", ", taken)}]");
            shortNames = held.ShortNames;
        }

        var kind = Take(asked.Kind, held.Kind, kinds, "KindConflict");
        var listKind = Take(asked.ListKind ?? "", held.ListKind ?? "", kinds, "ListKindConflict");
        var accepted = new CustomResourceDefinitionNames
        {
            Plural = plural, Singular = singular.Length == 0 ? null : singular, ShortNames = shortNames, Kind = kind,
            ListKind = listKind.Length == 0 ? null : listKind, Categories = asked.Categories,
        };
        return (accepted, conflict);
    }

    private static IEnumerable<string> Resources(CustomResourceDefinitionNames names) =>
        new[] { names.Plural, names.Singular ?? "" }.Concat(names.ShortNames ?? []).Where(name => name.Length > 0);

    private static IEnumerable<string> Kinds(CustomResourceDefinitionNames names) => new[] { names.Kind, names.ListKind ?? "" }.Where(name => name.Length > 0);

    // Groups of the Kubernetes community need its approval, or the confession that there is none.
    private static CustomResourceDefinitionCondition? Approval(CustomResourceDefinition definition)
    {
        var group = definition.Spec.Group;
        if (group is not ("k8s.io" or "kubernetes.io") && !group.EndsWith(".k8s.io", StringComparison.Ordinal) && !group.EndsWith(".kubernetes.io", StringComparison.Ordinal))
        {
            return null;
        }

        var said = definition.Metadata.Annotations?.GetValueOrDefault(ApprovalAnnotation) ?? "";
        var (reason, message) = said.Length == 0
                ? ("MissingAnnotation", $"protected groups must have approval annotation \"{ApprovalAnnotation}\", {Policy}")
            : said.StartsWith("unapproved", StringComparison.Ordinal) ? ("UnapprovedAnnotation", $"not approved: \"{said}\"")
            : Uri.TryCreate(said, UriKind.Absolute, out var url) && url.Host.Length > 0 ? ("ApprovedAnnotation", $"approved in {said}")
            : ("InvalidAnnotation", $"protected groups must have approval annotation \"{ApprovalAnnotation}\" with either a URL or a reason starting with \"unapproved\", {Policy}");
        return new() { Type = Approved, Status = reason == "ApprovedAnnotation" ? "True" : "False", Reason = reason, Message = message };
    }
}
