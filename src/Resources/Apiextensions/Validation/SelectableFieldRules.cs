using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>Rules of <c>selectableFields</c>: fields that a field selector may name.</summary>
internal static class SelectableFieldRules
{
    /// <summary>Selectable fields of a version at most. 8.</summary>
    public const int Maximum = 8;

    public static void Validate(FieldErrors errors, IReadOnlyList<SelectableField> fields, JSONSchemaProps? schema, string path)
    {
        if (schema is null)
        {
            errors.Invalid(path, "", "selectableFields may only be set when version.schema.openAPIV3Schema is not included");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, field) in fields.Index())
        {
            var at = $"{path}[{index}].jsonPath";
            var text = field.JsonPath;
            if (text.Length == 0)
            {
                errors.Required(at);
                continue;
            }

            var problem = "does not refer to a valid field";
            if (text[0] != '.' || !JsonPath.TryParse(text, out var parsed, out problem) || parsed.FieldNames is not { Count: > 0 } names)
            {
                errors.Invalid(at, text, $"is an invalid path: {problem ?? "array notation and filters are not allowed"}");
                continue;
            }

            // What every object has need not be in the schema.
            var found = names is ["metadata", ..] ? null : Find(schema, names);
            if (names[0] == "metadata")
            {
                errors.Invalid(at, text, "must not point to fields in metadata");
            }
            else if (found is null)
            {
                errors.Invalid(at, text, "is an invalid path: does not refer to a valid field");
                continue;
            }

            if (found?.Type is not ("string" or "boolean" or "integer"))
            {
                errors.Invalid(at, text, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
            }

            if (!seen.Add(string.Join('/', names)))
            {
                errors.Duplicate(at, text);
            }
        }

        errors.TooMany(path, seen.Count, Maximum);
    }

    /// <summary>The schema of a field below another; null where it knows none.</summary>
    public static JSONSchemaProps? Find(JSONSchemaProps schema, IEnumerable<string> names) =>
        names.Aggregate((JSONSchemaProps?)schema, (at, name) => at?.Properties?.GetValueOrDefault(name) ?? at?.AdditionalProperties?.Schema);
}
