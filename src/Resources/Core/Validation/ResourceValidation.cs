using KubeAspire.ApiMachinery.Meta;
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
                var order = Quantity.TryParse(request.ToString(), out var wanted, out _) && Quantity.TryParse(limit.ToString(), out var most, out _) ? wanted.CompareTo(most) : 0;
                if (!mayOvercommit && order != 0)
                {
                    errors.Invalid($"{path}.requests", request.ToString(), $"must be equal to {name} limit of {limit}");
                }
                else if (mayOvercommit && order > 0)
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
            if (Quantity.TryParse(quantity.ToString(), out var amount, out _) && amount.Sign < 0)
            {
                errors.Invalid($"{path}[{name}]", quantity.ToString(), FieldErrors.MustNotBeNegative);
            }
        }
    }

    private static void Amount(FieldErrors errors, string name, Quantity quantity, string path)
    {
        var here = $"{path}[{name}]";
        var broken = Names.IsQualifiedName(name).ToList();
        errors.Invalid(here, name, broken);
        if (broken.Count == 0 && !name.Contains('/') && !s_standard.Contains(name) && !name.StartsWith(HugePages, StringComparison.Ordinal))
        {
            errors.Invalid(here, name, "must be a standard resource type or fully qualified");
            errors.Invalid(here, name, "must be a standard resource for containers");
        }

        if (!Quantity.TryParse(quantity.ToString(), out var amount, out var problem))
        {
            errors.Invalid(here, quantity.ToString(), problem);
        }
        else if (amount.Sign < 0)
        {
            errors.Invalid(here, quantity.ToString(), FieldErrors.MustNotBeNegative);
        }
        else if (name.Contains('/') && amount.MilliValue % 1000 != 0)
        {
            errors.Invalid(here, quantity.ToString(), "must be an integer");
        }
    }
}
