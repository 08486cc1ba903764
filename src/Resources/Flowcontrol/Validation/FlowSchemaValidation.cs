using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Flowcontrol.Validation;

/// <summary>What a FlowSchema may match.</summary>
/// <remarks>Upstream's pkg/apis/flowcontrol/validation.</remarks>
internal static class FlowSchemaValidation
{
    private const int MaximumPrecedence = 10000;

    private static readonly string[] s_methods = ["ByNamespace", "ByUser"];
    private static readonly string[] s_verbs = ["*", "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
    private static readonly string[] s_pathVerbs = ["*", "delete", "get", "head", "options", "patch", "post", "put"];
    private static readonly string[] s_subjects = ["Group", "ServiceAccount", "User"];

    public static FieldErrors Validate(FlowSchema value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        var precedence = spec.MatchingPrecedence ?? 0;
        if (precedence <= 0)
        {
            errors.Invalid("spec.matchingPrecedence", FieldErrors.Text(precedence), "must be a positive value");
        }

        if (precedence > MaximumPrecedence)
        {
            errors.Invalid("spec.matchingPrecedence", FieldErrors.Text(precedence), "must not be greater than 10000");
        }

        if (precedence == 1 && value.Metadata.Name != MandatoryFlows.Exempt)
        {
            errors.Invalid("spec.matchingPrecedence", "1", "only the schema named 'exempt' may have matchingPrecedence 1");
        }

        if (spec.DistinguisherMethod is { } method && !s_methods.Contains(method.Type))
        {
            errors.Add(FieldError.NotSupported("spec.distinguisherMethod", method.Type, s_methods));
        }

        errors.RequireName("spec.priorityLevelConfiguration.name", spec.PriorityLevelConfiguration.Name, Names.IsDnsSubdomain, "must reference a priority level");
        foreach (var (at, rules) in (spec.Rules ?? []).Index())
        {
            Rules(errors, rules, $"spec.rules[{at}]");
        }

        if (MandatoryFlows.Schema(value.Metadata.Name) is { } fixedSpec && !JsonComparison.Same(spec, fixedSpec))
        {
            errors.Invalid("spec", JsonComparison.Text(spec), $"spec of '{value.Metadata.Name}' must equal the fixed value");
        }

        return errors;
    }

    private static void Rules(FieldErrors errors, PolicyRulesWithSubjects rules, string path)
    {
        if (rules.Subjects.Count == 0)
        {
            errors.Required($"{path}.subjects", "subjects must contain at least one value");
        }

        foreach (var (at, subject) in rules.Subjects.Index())
        {
            Subject(errors, subject, $"{path}.subjects[{at}]");
        }

        if (rules.ResourceRules is not { Count: > 0 } && rules.NonResourceRules is not { Count: > 0 })
        {
            errors.Required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
        }

        foreach (var (at, rule) in (rules.ResourceRules ?? []).Index())
        {
            Resources(errors, rule, $"{path}.resourceRules[{at}]");
        }

        foreach (var (at, rule) in (rules.NonResourceRules ?? []).Index())
        {
            Paths(errors, rule, $"{path}.nonResourceRules[{at}]");
        }
    }

    private static void Subject(FieldErrors errors, Subject subject, string path)
    {
        if (!s_subjects.Contains(subject.Kind))
        {
            errors.Add(FieldError.NotSupported($"{path}.kind", subject.Kind, s_subjects));
            return;
        }

        (string Field, string Kind, bool Given)[] members =
            [("serviceAccount", "ServiceAccount", subject.ServiceAccount is not null), ("user", "User", subject.User is not null), ("group", "Group", subject.Group is not null)];
        foreach (var (field, kind, given) in members)
        {
            if (kind == subject.Kind && !given)
            {
                errors.Required($"{path}.{field}", $"{field} is required when subject kind is '{kind}'");
            }
            else if (kind != subject.Kind && given)
            {
                errors.Forbidden($"{path}.{field}", $"{field} is forbidden when subject kind is not '{kind}'");
            }
        }

        if (subject is { Kind: "User", User.Name.Length: 0 })
        {
            errors.Required($"{path}.user.name");
        }

        if (subject is { Kind: "Group", Group.Name.Length: 0 })
        {
            errors.Required($"{path}.group.name");
        }

        if (subject is { Kind: "ServiceAccount", ServiceAccount: { } account })
        {
            errors.RequireName($"{path}.serviceAccount.name", account.Name, name => name == "*" ? [] : Names.IsDnsSubdomain(name));
            errors.RequireName($"{path}.serviceAccount.namespace", account.Namespace, Names.IsDnsLabel);
        }
    }

    private static void Resources(FieldErrors errors, ResourcePolicyRule rule, string path)
    {
        Verbs(errors, rule.Verbs, s_verbs, $"{path}.verbs");
        Several(errors, rule.ApiGroups, $"{path}.apiGroups", "resource rules must supply at least one api group", "api groups");
        Several(errors, rule.Resources, $"{path}.resources", "resource rules must supply at least one resource", "resources");
        var namespaces = rule.Namespaces ?? [];
        if (namespaces.Count == 0 && rule.ClusterScope != true)
        {
            errors.Required($"{path}.namespaces", "resource rules that are not cluster scoped must supply at least one namespace");
        }
        else if (namespaces.Contains("*"))
        {
            if (namespaces.Count > 1)
            {
                errors.Invalid($"{path}.namespaces", FieldErrors.Text(namespaces), "if '*' is present, must not specify other namespaces");
            }
        }
        else
        {
            foreach (var (at, name) in namespaces.Index())
            {
                errors.Invalid($"{path}.namespaces[{at}]", name, Names.IsDnsLabel(name));
            }
        }
    }

    private static void Paths(FieldErrors errors, NonResourcePolicyRule rule, string path)
    {
        Verbs(errors, rule.Verbs, s_pathVerbs, $"{path}.verbs");
        Several(errors, rule.NonResourceURLs, $"{path}.nonResourceURLs", "nonResourceURLs must contain at least one value", "non-resource URLs");
        foreach (var (at, url) in rule.NonResourceURLs.Index())
        {
            if (url == "*")
            {
                continue;
            }

            var here = $"{path}.nonResourceURLs[{at}]";
            if (url.Length == 0)
            {
                errors.Invalid(here, url, "must not be empty");
            }
            else if (url[0] != '/')
            {
                errors.Invalid(here, url, "must start with slash");
            }
            else if (url.Contains(' '))
            {
                errors.Invalid(here, url, "must not contain white-space");
            }
            else if (url.Contains("//", StringComparison.Ordinal))
            {
                errors.Invalid(here, url, "must not contain double slash");
            }
            else if (url.IndexOf('*') is var star and >= 0 && (star != url.Length - 1 || url[star - 1] != '/'))
            {
                errors.Invalid(here, url, "wildcard can only do suffix matching");
            }
        }
    }

    private static void Verbs(FieldErrors errors, IReadOnlyList<string> verbs, string[] supported, string path)
    {
        Several(errors, verbs, path, "verbs must contain at least one value", "verbs");
        if (verbs.Except(supported).Any())
        {
            errors.Add(FieldError.NotSupported(path, FieldErrors.Text(verbs), supported));
        }
    }

    private static void Several(FieldErrors errors, IReadOnlyList<string> values, string path, string missing, string what)
    {
        if (values.Count == 0)
        {
            errors.Required(path, missing);
        }
        else if (values.Count > 1 && values.Contains("*"))
        {
            errors.Invalid(path, FieldErrors.Text(values), $"if '*' is present, must not specify other {what}");
        }
    }
}
