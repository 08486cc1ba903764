using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Rbac.Validation;

/// <summary>What roles and bindings have in common.</summary>
/// <remarks>Upstream's pkg/apis/rbac/v1/defaults.go and pkg/apis/rbac/validation.</remarks>
internal static class RbacValidation
{
    public const string Group = "rbac.authorization.k8s.io";

    private static readonly string[] s_groups = [Group];
    private static readonly string[] s_noGroup = [""];

    /// <summary>API groups of the role and the subjects of a binding.</summary>
    public static void DefaultBinding(JsonObject binding)
    {
        binding.Child("roleRef")?.DefaultText("apiGroup", Group);
        foreach (var subject in binding.Items("subjects"))
        {
            if (subject.Text("kind") is "User" or "Group")
            {
                subject.DefaultText("apiGroup", Group);
            }
        }
    }

    public static void Rules(FieldErrors errors, IReadOnlyList<PolicyRule>? rules, bool isNamespaced)
    {
        foreach (var (at, rule) in (rules ?? []).Index())
        {
            var here = $"rules[{at}]";
            if (rule.Verbs.Count == 0)
            {
                errors.Required($"{here}.verbs", "verbs must contain at least one value");
            }

            if (rule.NonResourceURLs is { Count: > 0 } urls)
            {
                if (isNamespaced)
                {
                    errors.Invalid($"{here}.nonResourceURLs", JsonText(urls), "namespaced rules cannot apply to non-resource URLs");
                }

                if (rule.ApiGroups is { Count: > 0 } || rule.Resources is { Count: > 0 } || rule.ResourceNames is { Count: > 0 })
                {
                    errors.Invalid($"{here}.nonResourceURLs", JsonText(urls), "rules cannot apply to both regular resources and non-resource URLs");
                }

                continue;
            }

            if (rule.ApiGroups is not { Count: > 0 })
            {
                errors.Required($"{here}.apiGroups", "resource rules must supply at least one api group");
            }

            if (rule.Resources is not { Count: > 0 })
            {
                errors.Required($"{here}.resources", "resource rules must supply at least one resource");
            }
        }
    }

    public static FieldErrors Binding(RoleRef role, IReadOnlyList<Subject>? subjects, bool isNamespaced)
    {
        var errors = new FieldErrors();
        if (role.ApiGroup != Group)
        {
            errors.Add(FieldError.NotSupported("roleRef.apiGroup", role.ApiGroup ?? "", s_groups));
        }

        string[] kinds = isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
        if (!kinds.Contains(role.Kind))
        {
            errors.Add(FieldError.NotSupported("roleRef.kind", role.Kind, kinds));
        }

        errors.RequireName("roleRef.name", role.Name, Names.IsPathSegment);
        foreach (var (at, subject) in (subjects ?? []).Index())
        {
            Subject(errors, subject, $"subjects[{at}]");
        }

        return errors;
    }

    public static FieldErrors BindingUpdate(RoleRef role, RoleRef stored)
    {
        var errors = new FieldErrors();
        if (role != stored)
        {
            errors.Invalid("roleRef", JsonComparison.Text(role), "cannot change roleRef");
        }

        return errors;
    }

    private static void Subject(FieldErrors errors, Subject subject, string path)
    {
        if (subject.Name.Length == 0)
        {
            errors.Required($"{path}.name");
        }

        switch (subject.Kind)
        {
            case "ServiceAccount":
                if (subject.Name.Length > 0)
                {
                    errors.Invalid($"{path}.name", subject.Name, Names.IsDnsSubdomain(subject.Name));
                }

                if (!string.IsNullOrEmpty(subject.ApiGroup))
                {
                    errors.Add(FieldError.NotSupported($"{path}.apiGroup", subject.ApiGroup, s_noGroup));
                }

                if (string.IsNullOrEmpty(subject.Namespace))
                {
                    errors.Required($"{path}.namespace");
                }

                break;
            case "User" or "Group":
                if (subject.ApiGroup != Group)
                {
                    errors.Add(FieldError.NotSupported($"{path}.apiGroup", subject.ApiGroup ?? "", s_groups));
                }

                break;
            default:
                errors.Add(FieldError.NotSupported($"{path}.kind", subject.Kind, ["ServiceAccount", "User", "Group"]));
                break;
        }
    }

    private static string JsonText(IReadOnlyList<string> values) => "[" + string.Join(',', values.Select(value => $"\"{value}\"")) + "]";
}
