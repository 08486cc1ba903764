using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>Rules of a CustomResourceDefinition besides those of its schemas.</summary>
/// <remarks>apiextensions-apiserver pkg/apis/apiextensions/validation.</remarks>
internal static class DefinitionValidation
{
    /// <summary>Annotation by which a definition in a group of the Kubernetes community shows that it was approved.</summary>
    public const string ApprovalAnnotation = "api-approved.kubernetes.io";

    private const string MixedCase = "may have mixed case, but should otherwise match: ";
    private const int MaximumDeprecationWarning = 256; // characters

    private static readonly string[] s_columnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] s_columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    public static void Spec(FieldErrors errors, CustomResourceDefinitionSpec spec)
    {
        if (spec.Group.Length == 0)
        {
            errors.Required("spec.group");
        }
        else if (ApiMachinery.Meta.Names.IsDnsSubdomain(spec.Group) is { Count: > 0 } problems)
        {
            errors.Invalid("spec.group", spec.Group, string.Join(',', problems));
        }
        else if (!spec.Group.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid("spec.group", spec.Group, "should be a domain with at least one dot");
        }

        errors.RequireOneOf("spec.scope", spec.Scope, "Cluster", "Namespaced");
        foreach (var (at, version) in spec.Versions.Index())
        {
            if (version.Schema?.OpenAPIV3Schema is null)
            {
                errors.Required($"spec.versions[{at}].schema.openAPIV3Schema", "schemas are required");
            }
        }

        foreach (var (at, version) in spec.Versions.Index())
        {
            Version(errors, version, $"spec.versions[{at}]");
        }

        if (spec.Versions.DistinctBy(version => version.Name, StringComparer.Ordinal).Count() != spec.Versions.Count)
        {
            errors.Invalid("spec.versions", Json(spec.Versions), "must contain unique version names");
        }

        if (spec.Versions.Count(version => version.Storage) != 1)
        {
            errors.Invalid("spec.versions", Json(spec.Versions), "must have exactly one version marked as storage version");
        }

        foreach (var (name, text) in new[] { ("plural", spec.Names.Plural), ("singular", spec.Names.Singular), ("kind", spec.Names.Kind), ("listKind", spec.Names.ListKind) })
        {
            if (string.IsNullOrEmpty(text))
            {
                errors.Required($"spec.names.{name}");
            }
        }

        Names(errors, spec.Names, "spec.names");
        if (spec.Conversion is { } conversion)
        {
            ConversionValidation.Validate(errors, conversion, spec.Versions.Count);
        }

        if (spec.PreserveUnknownFields == true)
        {
            errors.Invalid("spec.preserveUnknownFields", "true", "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        }
    }

    public static void Names(FieldErrors errors, CustomResourceDefinitionNames names, string path)
    {
        Label(errors, $"{path}.plural", names.Plural, names.Plural, "");
        Label(errors, $"{path}.singular", names.Singular, names.Singular, "");
        Label(errors, $"{path}.kind", names.Kind, names.Kind.ToLowerInvariant(), MixedCase);
        Label(errors, $"{path}.listKind", names.ListKind, names.ListKind?.ToLowerInvariant(), MixedCase);
        foreach (var (at, name) in (names.ShortNames ?? []).Index())
        {
            Label(errors, $"{path}.shortNames[{at}]", name, name, "", empty: true);
        }

        if (names.Kind.Length > 0 && names.Kind == names.ListKind)
        {
            errors.Invalid($"{path}.listKind", names.ListKind, "kind and listKind may not be the same");
        }

        foreach (var (at, name) in (names.Categories ?? []).Index())
        {
            Label(errors, $"{path}.categories[{at}]", name, name, "", empty: true);
        }
    }

    /// <summary>Every version in which objects may be stored stays in the spec until a migration took it out of the status.</summary>
    public static void StoredVersions(FieldErrors errors, CustomResourceDefinition value)
    {
        var stored = value.Status.StoredVersions ?? [];
        if (stored.Count == 0)
        {
            errors.Invalid("status.storedVersions", "[]", "must have at least one stored version");
            return;
        }

        foreach (var version in value.Spec.Versions.Where(version => version.Storage && !stored.Contains(version.Name)))
        {
            errors.Invalid("status.storedVersions", FieldErrors.Text(stored), "must have the storage version " + version.Name);
        }

        foreach (var (at, name) in stored.Index())
        {
            if (!value.Spec.Versions.Any(version => version.Name == name))
            {
                errors.Invalid(
                    $"status.storedVersions[{at}]", name,
                    $"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions");
            }
        }
    }

    /// <summary>Groups of the Kubernetes community ask for an annotation that says who approved the API.</summary>
    public static void Approval(FieldErrors errors, CustomResourceDefinition value)
    {
        const string Path = $"metadata.annotations[{ApprovalAnnotation}]", More = "see https://github.com/kubernetes/enhancements/pull/1111";
        if (!$".{value.Spec.Group}".EndsWith(".k8s.io", StringComparison.Ordinal) && !$".{value.Spec.Group}".EndsWith(".kubernetes.io", StringComparison.Ordinal))
        {
            return;
        }

        var annotation = value.Annotation(ApprovalAnnotation) ?? "";
        if (annotation.Length == 0)
        {
            errors.Required(Path, $"protected groups must have approval annotation \"{ApprovalAnnotation}\", {More}");
        }
        else if (!annotation.StartsWith("unapproved", StringComparison.Ordinal) && !(Uri.TryCreate(annotation, UriKind.Absolute, out var url) && url.Host.Length > 0))
        {
            errors.Invalid(Path, annotation, $"protected groups must have approval annotation \"{ApprovalAnnotation}\" with either a URL or a reason starting with \"unapproved\", {More}");
        }
    }

    private static void Version(FieldErrors errors, CustomResourceDefinitionVersion version, string path)
    {
        Label(errors, $"{path}.name", version.Name, version.Name, "", empty: true);
        Deprecation(errors, version, $"{path}.deprecationWarning");
        if (version.Schema?.OpenAPIV3Schema is { } schema)
        {
            SchemaRules.Validate(errors, schema, version.Subresources?.Status is not null, $"{path}.schema.openAPIV3Schema");
        }

        if (version.Subresources?.Scale is { } scale)
        {
            const string Detail = "should be a json path under ";
            var at = $"{path}.subresources.scale";
            ScalePath(errors, $"{at}.specReplicasPath", scale.SpecReplicasPath, Detail + ".spec", ".spec.");
            ScalePath(errors, $"{at}.statusReplicasPath", scale.StatusReplicasPath, Detail + ".status", ".status.");
            if (!string.IsNullOrEmpty(scale.LabelSelectorPath))
            {
                ScalePath(errors, $"{at}.labelSelectorPath", scale.LabelSelectorPath, Detail + "either .spec or .status", ".spec.", ".status.");
            }
        }

        foreach (var (at, column) in (version.AdditionalPrinterColumns ?? []).Index())
        {
            Column(errors, column, $"{path}.additionalPrinterColumns[{at}]");
        }

        if (version.SelectableFields is { Count: > 0 } fields)
        {
            SelectableFieldRules.Validate(errors, fields, version.Schema?.OpenAPIV3Schema, $"{path}.selectableFields");
        }
    }

    private static void Deprecation(FieldErrors errors, CustomResourceDefinitionVersion version, string path)
    {
        if (version.DeprecationWarning is not { } warning)
        {
            return;
        }

        if (version.Deprecated != true)
        {
            errors.Invalid(path, warning, "can only be set for deprecated versions");
            return;
        }

        if (warning.Length > MaximumDeprecationWarning)
        {
            errors.Invalid(path, warning, $"must be <= {MaximumDeprecationWarning} characters long");
        }

        if (warning.Length == 0)
        {
            errors.Invalid(path, warning, "must not be an empty string");
        }

        if (warning.Index().Where(pair => char.IsControl(pair.Item)).Take(1).ToList() is [var (index, _)])
        {
            errors.Invalid(path, warning, $"must only contain printable UTF-8 characters; non-printable character found at index {index}");
        }
    }

    private static void Column(FieldErrors errors, CustomResourceColumnDefinition column, string path)
    {
        if (column.Name.Length == 0)
        {
            errors.Required($"{path}.name");
        }

        var types = $"must be one of {string.Join(',', s_columnTypes)}";
        if (column.Type.Length == 0)
        {
            errors.Required($"{path}.type", types);
        }
        else if (!s_columnTypes.Contains(column.Type))
        {
            errors.Invalid($"{path}.type", column.Type, types);
        }

        if (!string.IsNullOrEmpty(column.Format) && !s_columnFormats.Contains(column.Format))
        {
            errors.Invalid($"{path}.format", column.Format, $"must be one of {string.Join(',', s_columnFormats)}");
        }

        if (column.JsonPath.Length == 0)
        {
            errors.Required($"{path}.JSONPath");
        }
        else
        {
            SimplePath(errors, $"{path}.JSONPath", column.JsonPath);
        }
    }

    private static void ScalePath(FieldErrors errors, string path, string text, string detail, params string[] roots)
    {
        if (text.Length == 0)
        {
            errors.Required(path);
        }
        else if (SimplePath(errors, path, text) && !roots.Any(root => text.StartsWith(root, StringComparison.Ordinal)))
        {
            errors.Invalid(path, text, detail);
        }
    }

    private static bool SimplePath(FieldErrors errors, string path, string text)
    {
        if (text[0] != '.')
        {
            errors.Invalid(path, text, "must be a simple json path starting with .");
            return false;
        }

        if (!JsonPath.TryParse(text, out _, out var problem))
        {
            errors.Invalid(path, text, "must be a json path in the dot notation: " + problem);
            return false;
        }

        return true;
    }

    // A name such as 1 is text, however it looks.
    private static void Label(FieldErrors errors, string path, string? shown, string? value, string prefix, bool empty = false)
    {
        if ((empty || !string.IsNullOrEmpty(value)) && ApiMachinery.Meta.Names.IsDns1035Label(value ?? "") is { Count: > 0 } problems)
        {
            errors.Add(FieldError.Invalid(path, shown, prefix + string.Join(',', problems)) with { IsText = true });
        }
    }

    private static string Json(IReadOnlyList<CustomResourceDefinitionVersion> versions) =>
        $"[{string.Join(',', versions.Select(version => JsonSerializer.Serialize(version, KubernetesJson.TypeInfo<CustomResourceDefinitionVersion>())))}]";
}
