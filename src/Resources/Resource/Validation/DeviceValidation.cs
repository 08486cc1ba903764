using System.Text.Json;
using System.Text.RegularExpressions;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Resource.Validation;

/// <summary>What classes, claims and slices have in common.</summary>
/// <remarks>Upstream's pkg/apis/resource/validation. Selectors are CEL, which is not compiled here: presence and length are checked.</remarks>
internal static partial class DeviceValidation
{
    public const int MaximumConfigs = 32;

    private const int MaximumSelectors = 32;
    private const int MaximumExpression = 10 * 1024; // bytes
    private const int MaximumParameters = 10 * 1024; // bytes
    private const int MaximumDomain = 63, MaximumIdentifier = 32; // characters

    public static void Selectors(FieldErrors errors, string path, IReadOnlyList<DeviceSelector>? selectors)
    {
        errors.TooMany(path, selectors?.Count, MaximumSelectors);
        foreach (var (at, selector) in (selectors ?? []).Index())
        {
            if (selector.Cel is not { } cel)
            {
                errors.Required($"{path}[{at}].cel");
            }
            else if (cel.Expression.Length == 0)
            {
                errors.Required($"{path}[{at}].cel.expression");
            }
            else if (cel.Expression.Length > MaximumExpression)
            {
                errors.Add(FieldError.TooLong($"{path}[{at}].cel.expression", MaximumExpression));
            }
        }
    }

    public static void Opaque(FieldErrors errors, string path, OpaqueDeviceConfiguration? opaque)
    {
        if (opaque is null)
        {
            errors.Required($"{path}.opaque");
            return;
        }

        Driver(errors, $"{path}.opaque.driver", opaque.Driver);
        var parameters = opaque.Parameters;
        if (parameters.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            errors.Required($"{path}.opaque.parameters");
        }
        else if (parameters.ValueKind != JsonValueKind.Object)
        {
            errors.Invalid($"{path}.opaque.parameters", "<value omitted>", "parameters must be a valid JSON object");
        }
        else if (parameters.GetRawText().Length > MaximumParameters)
        {
            errors.Add(FieldError.TooLong($"{path}.opaque.parameters", MaximumParameters));
        }
    }

    /// <summary>A driver's name is a DNS subdomain of at most 63 characters.</summary>
    public static void Driver(FieldErrors errors, string path, string name)
    {
        if (name.Length > Names.LabelLength)
        {
            errors.Add(FieldError.TooLong(path, Names.LabelLength));
        }

        errors.RequireName(path, name, text => Names.IsDnsSubdomain(text.ToLowerInvariant()));
    }

    /// <summary>A pool's name: DNS subdomains between slashes.</summary>
    public static void Pool(FieldErrors errors, string path, string name)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (name.Length > Names.SubdomainLength)
        {
            errors.Add(FieldError.TooLong(path, Names.SubdomainLength));
        }

        foreach (var part in name.Split('/'))
        {
            errors.Invalid(path, part, Names.IsDnsSubdomain(part));
        }
    }

    /// <summary>The name of an attribute or of a capacity: an identifier, with or without a domain before it.</summary>
    public static void Qualified(FieldErrors errors, string path, string name, bool needsDomain = false)
    {
        var parts = name.Split('/', 2);
        if (name.Length == 0)
        {
            errors.Required(path, "name required");
            return;
        }

        if (parts.Length == 1 && needsDomain)
        {
            errors.Invalid(path, name, "must include a domain");
        }

        if (parts.Length == 2)
        {
            if (parts[0].Length == 0)
            {
                errors.Required(path, "the domain must not be empty");
            }
            else if (parts[0].Length > MaximumDomain)
            {
                errors.Add(FieldError.TooLong(path, MaximumDomain));
            }
            else
            {
                errors.Invalid(path, parts[0], Names.IsDnsSubdomain(parts[0]));
            }
        }

        var identifier = parts[^1];
        if (identifier.Length == 0)
        {
            errors.Required(path, "the name must not be empty");
        }
        else if (identifier.Length > MaximumIdentifier)
        {
            errors.Add(FieldError.TooLong(path, MaximumIdentifier));
        }
        else if (!Identifier().IsMatch(identifier))
        {
            errors.Invalid(
                path, identifier, "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' "
                + "(e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')");
        }
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Identifier();
}
