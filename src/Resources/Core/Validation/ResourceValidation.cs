using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>Requests and limits.</summary>
internal static class ResourceValidation
{
    private const string HugePages = "hugepages-";

    private static readonly string[] s_standard = ["cpu", "ephemeral-storage", "memory"];

    public static void Validate(FieldErrors errors, ResourceRequirements resources, string path)
    {
        var limits = resources.Limits ?? new Dictionary<string, Quantity>();
        var requests = resources.Requests ?? new Dictionary<string, Quantity>();
        Amounts(errors, limits, $"{path}.limits");
        foreach (var (name, request) in requests)
        {
            Amount(errors, name, request, $"{path}.requests");
            var mayOvercommit = !name.Contains('/') && !name.StartsWith(HugePages, StringComparison.Ordinal);
            if (limits.TryGetValue(name, out var limit))
            {
                var (wanted, most) = (Kinds.Validation.Amounts.Of(request), Kinds.Validation.Amounts.Of(limit));
                if (!mayOvercommit && wanted != most)
                {
                    errors.Invalid($"{path}.requests", request.ToString(), $"must be equal to {name} limit of {limit}");
                }
                else if (mayOvercommit && wanted > most)
                {
                    errors.Invalid($"{path}.requests", request.ToString(), $"must be less than or equal to {name} limit of {limit}");
                }
            }
            else if (!mayOvercommit)
            {
                errors.Required($"{path}.limits", "Limit must be set for non overcommitable resources");
            }
        }
    }

    public static void Amounts(FieldErrors errors, IReadOnlyDictionary<string, Quantity> list, string path)
    {
        foreach (var (name, quantity) in list)
        {
            Amount(errors, name, quantity, path);
        }
    }

    /// <summary>Quantities of whatever name: a node's capacity.</summary>
    public static void NotNegative(FieldErrors errors, IReadOnlyDictionary<string, Quantity>? list, string path)
    {
        foreach (var (name, quantity) in list ?? new Dictionary<string, Quantity>())
        {
            if (Kinds.Validation.Amounts.Of(quantity) is < 0)
            {
                errors.Invalid($"{path}[{name}]", quantity.ToString(), FieldErrors.MustNotBeNegative);
            }
        }
    }

    private static void Amount(FieldErrors errors, string name, Quantity quantity, string path)
    {
        var here = $"{path}[{name}]";
        var broken = NameChecks.QualifiedName(name).ToList();
        errors.Invalid(here, name, broken);
        if (broken.Count == 0 && !name.Contains('/') && !s_standard.Contains(name) && !name.StartsWith(HugePages, StringComparison.Ordinal))
        {
            errors.Invalid(here, name, "must be a standard resource type or fully qualified");
            errors.Invalid(here, name, "must be a standard resource for containers");
        }

        switch (Kinds.Validation.Amounts.Of(quantity))
        {
            case null:
                errors.Add(new FieldError(
                    FieldErrorType.FieldValueInvalid, here, quantity.ToString(), "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"));
                break;
            case < 0:
                errors.Invalid(here, quantity.ToString(), FieldErrors.MustNotBeNegative);
                break;
            case { } amount when name.Contains('/') && decimal.Truncate(amount) != amount:
                errors.Invalid(here, quantity.ToString(), "must be an integer");
                break;
        }
    }
}
