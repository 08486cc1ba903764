using System.Text.RegularExpressions;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Admissionregistration.Checks;

/// <summary>Which requests a webhook or a policy is about.</summary>
/// <remarks>Upstream's pkg/apis/admissionregistration/validation. Expressions are CEL, which is not compiled here: only their presence is checked.</remarks>
internal static partial class RuleValidation
{
    private const int MaximumConditions = 64;

    private static readonly string[] s_operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] s_scopes = ["*", "Cluster", "Namespaced"];

    // Words of CEL that cannot name a variable.
    private static readonly string[] s_reserved =
    [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
    ];

    /// <summary>Operations, groups, versions, resources and scope of one rule.</summary>
    public static void Rule(
        FieldErrors errors, string path, IReadOnlyList<string>? operations, IReadOnlyList<string>? groups, IReadOnlyList<string>? versions, IReadOnlyList<string>? resources, string? scope)
    {
        Several(errors, $"{path}.operations", operations, "operations");
        foreach (var (at, operation) in (operations ?? []).Index())
        {
            if (!s_operations.Contains(operation))
            {
                errors.Add(FieldError.NotSupported($"{path}.operations[{at}]", operation, s_operations));
            }
        }

        Several(errors, $"{path}.apiGroups", groups, "API groups");
        Several(errors, $"{path}.apiVersions", versions, "API versions");
        foreach (var (at, version) in (versions ?? []).Index())
        {
            if (version.Length == 0)
            {
                errors.Required($"{path}.apiVersions[{at}]");
            }
        }

        Resources(errors, $"{path}.resources", resources ?? []);
        if (scope is not null && !s_scopes.Contains(scope))
        {
            errors.Add(FieldError.NotSupported($"{path}.scope", scope, s_scopes));
        }
    }

    /// <summary>What a policy or a binding matches.</summary>
    public static void Match(FieldErrors errors, string path, MatchResources match)
    {
        errors.RequireOneOf($"{path}.matchPolicy", match.MatchPolicy, "Equivalent", "Exact");
        errors.Selector($"{path}.namespaceSelector", match.NamespaceSelector);
        errors.Selector($"{path}.objectSelector", match.ObjectSelector);
        Named(errors, $"{path}.resourceRules", match.ResourceRules);
        Named(errors, $"{path}.excludeResourceRules", match.ExcludeResourceRules);
    }

    /// <summary>Conditions that a request must meet, each with a name of its own.</summary>
    public static void Conditions(FieldErrors errors, string path, IReadOnlyList<MatchCondition>? conditions)
    {
        errors.TooMany(path, conditions?.Count, MaximumConditions);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, condition) in (conditions ?? []).Index())
        {
            Expression(errors, $"{path}[{at}].expression", condition.Expression, "");
            errors.RequireName($"{path}[{at}].name", condition.Name, Names.IsQualifiedName);
            if (condition.Name.Length > 0 && !names.Add(condition.Name))
            {
                errors.Duplicate($"{path}[{at}].name", condition.Name);
            }
        }
    }

    /// <summary>Variables that expressions may use.</summary>
    public static void Variables(FieldErrors errors, string path, IReadOnlyList<Variable>? variables)
    {
        foreach (var (at, variable) in (variables ?? []).Index())
        {
            if (string.IsNullOrWhiteSpace(variable.Name))
            {
                errors.Required($"{path}[{at}].name", "name is not specified");
            }
            else if (!IsIdentifier(variable.Name))
            {
                errors.Invalid($"{path}[{at}].name", variable.Name, "name is not a valid CEL identifier");
            }

            Expression(errors, $"{path}[{at}].expression", variable.Expression, "expression is not specified");
        }
    }

    /// <summary>The kind of a policy's parameters.</summary>
    public static void Parameters(FieldErrors errors, string path, ParamKind kind)
    {
        var (apiVersion, name) = (kind.ApiVersion ?? "", kind.Kind ?? "");
        var parts = apiVersion.Split('/');
        if (apiVersion.Length == 0)
        {
            errors.Required($"{path}.apiVersion");
        }
        else if (parts.Length > 2)
        {
            errors.Invalid($"{path}.apiVersion", apiVersion, $"unexpected GroupVersion string: {apiVersion}");
        }
        else
        {
            if (parts.Length == 2)
            {
                errors.Invalid($"{path}.apiVersion", parts[0], Names.IsDnsSubdomain(parts[0]));
            }

            errors.Invalid($"{path}.apiVersion", parts[^1], parts[^1].Length == 0 ? ["version must be specified"] : Names.IsDns1035Label(parts[^1]));
        }

        if (name.Length == 0)
        {
            errors.Required($"{path}.kind");
        }
        else
        {
            errors.Invalid($"{path}.kind", name, Names.IsDns1035Label(name.ToLowerInvariant()).Select(problem => "may have mixed case, but should otherwise match: " + problem));
        }
    }

    /// <summary>Which object holds a policy's parameters.</summary>
    public static void Reference(FieldErrors errors, string path, ParamRef reference)
    {
        const string Exclusive = "name and selector are mutually exclusive";
        if (!string.IsNullOrEmpty(reference.Name))
        {
            errors.Invalid($"{path}.name", reference.Name, Names.IsPathSegment(reference.Name));
            if (reference.Selector is not null)
            {
                errors.Forbidden($"{path}.name", Exclusive);
                errors.Forbidden($"{path}.selector", Exclusive);
            }
        }
        else if (reference.Selector is null)
        {
            errors.Required(path, "one of name or selector must be specified");
        }

        errors.Selector($"{path}.selector", reference.Selector);
        errors.RequireOneOf($"{path}.parameterNotFoundAction", reference.ParameterNotFoundAction, "Allow", "Deny");
    }

    /// <summary>An expression must say something; whether it makes sense is known only to who runs it.</summary>
    public static void Expression(FieldErrors errors, string path, string? expression, string missing)
    {
        if (string.IsNullOrWhiteSpace(expression))
        {
            errors.Required(path, missing);
        }
    }

    private static bool IsIdentifier(string name) => Identifier().IsMatch(name) && !s_reserved.Contains(name);

    private static void Named(FieldErrors errors, string path, IReadOnlyList<NamedRuleWithOperations>? rules)
    {
        foreach (var (at, rule) in (rules ?? []).Index())
        {
            var here = $"{path}[{at}]";
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (index, name) in (rule.ResourceNames ?? []).Index())
            {
                errors.Invalid($"{here}.resourceNames[{index}]", name, Names.IsPathSegment(name));
                if (!seen.Add(name))
                {
                    errors.Duplicate($"{here}.resourceNames[{index}]", name);
                }
            }

            Rule(errors, here, rule.Operations, rule.ApiGroups, rule.ApiVersions, rule.Resources, rule.Scope);
        }
    }

    private static void Several(FieldErrors errors, string path, IReadOnlyList<string>? values, string what)
    {
        if (values is not { Count: > 0 })
        {
            errors.Required(path);
        }
        else if (values.Count > 1 && values.Contains("*"))
        {
            errors.Invalid(path, FieldErrors.Text(values), $"if '*' is present, must not specify other {what}");
        }
    }

    private static void Resources(FieldErrors errors, string path, IReadOnlyList<string> resources)
    {
        if (resources.Count == 0)
        {
            errors.Required(path);
        }

        var (everySubresourceOf, everyResourceWith) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (at, resource) in resources.Index())
        {
            if (resource.Length == 0)
            {
                errors.Required($"{path}[{at}]");
                continue;
            }

            if (resource.Split('/', 2) is not [var main, var sub])
            {
                continue;
            }

            if (everySubresourceOf.Contains(main))
            {
                errors.Invalid($"{path}[{at}]", resource, $"if '{main}/*' is present, must not specify {resource}");
            }

            if (everyResourceWith.Contains(sub))
            {
                errors.Invalid($"{path}[{at}]", resource, $"if '*/{sub}' is present, must not specify {resource}");
            }

            if (sub == "*")
            {
                everySubresourceOf.Add(main);
            }

            if (main == "*")
            {
                everyResourceWith.Add(sub);
            }
        }

        if (resources.Count > 1 && resources.Contains("*/*"))
        {
            errors.Invalid(path, FieldErrors.Text(resources), "if '*/*' is present, must not specify other resources");
        }

        if (resources.Contains("*") && resources.Any(resource => resource.Length > 0 && resource != "*" && !resource.Contains('/')))
        {
            errors.Invalid(path, FieldErrors.Text(resources), "if '*' is present, must not specify other resources without subresources");
        }
    }

    [GeneratedRegex(@"^[_a-zA-Z][_a-zA-Z0-9]*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Identifier();
}
