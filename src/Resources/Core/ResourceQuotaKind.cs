using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 ResourceQuota</c>: how much a namespace may use in all.</summary>
public sealed class ResourceQuotaKind : ResourceKind<ResourceQuota>
{
    private static readonly string[] s_scopes = ["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass"];

    private static readonly HashSet<string> s_standard =
    [
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
        "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps",
        "services.nodeports", "services.loadbalancers",
    ];

    // Resources that are counted per pod: what a scope can narrow.
    private static readonly HashSet<string> s_ofPods =
        ["pods", "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["quota"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ResourceQuota value)
    {
        var errors = new FieldErrors();
        Amounts(errors, value.Spec.Hard, "spec.hard");
        var scopes = value.Spec.Scopes ?? [];
        foreach (var (at, scope) in scopes.Index())
        {
            Scope(errors, scope, value.Spec.Hard, "spec.scopes");
            if (scopes.Take(at).Contains(scope))
            {
                errors.Duplicate($"spec.scopes[{at}]", scope);
            }
        }

        if ((scopes.Contains("BestEffort") && scopes.Contains("NotBestEffort")) || (scopes.Contains("Terminating") && scopes.Contains("NotTerminating")))
        {
            errors.Invalid("spec.scopes", FieldErrors.Text(scopes), "conflicting scopes");
        }

        foreach (var (at, expression) in (value.Spec.ScopeSelector?.MatchExpressions ?? []).Index())
        {
            var path = $"spec.scopeSelector.matchExpressions[{at}]";
            Scope(errors, expression.ScopeName, value.Spec.Hard, $"{path}.scopeName");
            switch (expression.Operator)
            {
                case "In" or "NotIn" when expression.Values is not { Count: > 0 }:
                    errors.Required($"{path}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                    break;
                case "Exists" or "DoesNotExist" when expression.Values is { Count: > 0 }:
                    errors.Invalid($"{path}.values", FieldErrors.Text(expression.Values), "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector");
                    break;
                case "In" or "NotIn" or "Exists" or "DoesNotExist":
                    break;
                default:
                    errors.Invalid($"{path}.operator", expression.Operator, "not a valid selector operator");
                    break;
            }

            if (expression.ScopeName is not "PriorityClass" and not "VolumeAttributesClass" && expression.Operator != "Exists")
            {
                errors.Invalid($"{path}.operator", expression.Operator, "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                    + "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
            }
        }

        return errors;
    }

    private static void Scope(FieldErrors errors, string scope, IReadOnlyDictionary<string, Quantity>? hard, string path)
    {
        if (!s_scopes.Contains(scope))
        {
            errors.Invalid(path, scope, "unsupported scope");
            return;
        }

        foreach (var resource in hard?.Keys ?? [])
        {
            var counted = scope switch
            {
                "BestEffort" => resource == "pods",
                "VolumeAttributesClass" => resource.Contains("persistentvolumeclaims", StringComparison.Ordinal) || resource.Contains("storage", StringComparison.Ordinal),
                _ => s_ofPods.Contains(resource) || resource.Contains("hugepages-", StringComparison.Ordinal) || resource.Contains('/'),
            };
            if (s_standard.Contains(resource) && !counted)
            {
                errors.Invalid(path, scope, "unsupported scope applied to resource");
                return;
            }
        }
    }

    private static void Amounts(FieldErrors errors, IReadOnlyDictionary<string, Quantity>? amounts, string path)
    {
        foreach (var (name, amount) in amounts ?? new Dictionary<string, Quantity>())
        {
            var here = $"{path}[{name}]";
            errors.Invalid(here, name, Names.IsQualifiedName(name));
            if (!name.Contains('/') && !s_standard.Contains(name) && !name.Contains("hugepages-", StringComparison.Ordinal))
            {
                errors.Invalid(here, name, "must be a standard resource for quota");
            }

            if (!Quantity.TryParse(amount.ToString(), out var parsed, out var problem))
            {
                errors.Invalid(here, amount.ToString(), problem);
            }
            else if (parsed.Sign < 0)
            {
                errors.Invalid(here, amount.ToString(), FieldErrors.MustNotBeNegative);
            }
            else if (parsed.MilliValue % 1000 != 0 && (name is "pods" or "services" or "secrets" or "configmaps" or "persistentvolumeclaims" || name.StartsWith("count/", StringComparison.Ordinal)))
            {
                errors.Invalid(here, amount.ToString(), "must be an integer");
            }
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ResourceQuota value, ResourceQuota stored)
    {
        var errors = new FieldErrors();
        if (!(value.Spec.Scopes ?? []).ToHashSet().SetEquals(stored.Spec.Scopes ?? []))
        {
            errors.Invalid("spec.scopes", FieldErrors.Text(value.Spec.Scopes), FieldErrors.Immutable);
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(ResourceQuota value, ResourceQuota stored)
    {
        var errors = new FieldErrors();
        Amounts(errors, value.Status.Hard, "status.hard");
        Amounts(errors, value.Status.Used, "status.used");
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Request", Description: "What is used, of what may be, other than limits."),
        new("Limit", Description: "The limits in use, of those that may be."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ResourceQuota value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        Usage(value, limits: false),
        Usage(value, limits: true),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    private static string Usage(ResourceQuota value, bool limits) => string.Join(", ", (value.Status.Hard ?? new Dictionary<string, Quantity>())
        .Where(hard => hard.Key.StartsWith("limits.", StringComparison.Ordinal) == limits).OrderBy(hard => hard.Key, StringComparer.Ordinal)
        .Select(hard => $"{hard.Key}: {(value.Status.Used is { } used && used.TryGetValue(hard.Key, out var amount) ? amount.ToString() : "0")}/{hard.Value}"));
}
