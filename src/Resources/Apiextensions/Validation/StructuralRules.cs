using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>What makes a schema structural: the shape stands outside the value validations, and metadata is left alone.</summary>
/// <remarks>apiextensions-apiserver pkg/apiserver/schema: validation.go and complete.go. Sorted by text, as upstream.</remarks>
internal static class StructuralRules
{
    private enum Level
    {
        Root,
        Item,
        Field,
    }

    public static IReadOnlyList<FieldError> Validate(JSONSchemaProps schema, string path)
    {
        var errors = new List<FieldError>();
        Invariants(errors, schema, Level.Root, path);
        Completeness(errors, schema, path);
        return [.. errors.OrderBy(error => error.ToString(), StringComparer.Ordinal)];
    }

    private static void Invariants(List<FieldError> errors, JSONSchemaProps schema, Level level, string path)
    {
        if (schema.Type == "array" && schema.Items is null)
        {
            errors.Add(FieldError.Required($"{path}.items", "must be specified"));
        }

        if (schema.AdditionalProperties is not null && level == Level.Root)
        {
            errors.Add(FieldError.Forbidden($"{path}.additionalProperties", "must not be used at the root"));
        }

        foreach (var (at, child) in SchemaWalk.Structure(schema, path))
        {
            Invariants(errors, child, ReferenceEquals(child, schema.Items?.Schema) ? Level.Item : Level.Field, at);
        }

        Extensions(errors, schema, path);
        Values(errors, schema, path, Alternatives(schema.AnyOf), schema.AllOf is [var first, ..] && Alternatives(first.AnyOf));
        TypeAt(errors, schema, level, path);
        Metadata(errors, schema, level, path);
    }

    private static void Extensions(List<FieldError> errors, JSONSchemaProps schema, string path)
    {
        if (schema.XKubernetesIntOrString != true)
        {
            return;
        }

        const string Detail = "must be false if x-kubernetes-int-or-string is true";
        if (schema.XKubernetesPreserveUnknownFields == true)
        {
            errors.Add(FieldError.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", "true", Detail));
        }

        if (schema.XKubernetesEmbeddedResource == true)
        {
            errors.Add(FieldError.Invalid($"{path}.x-kubernetes-embedded-resource", "true", Detail));
        }
    }

    private static void TypeAt(List<FieldError> errors, JSONSchemaProps schema, Level level, string path)
    {
        var type = schema.Type ?? "";
        var embedded = schema.XKubernetesEmbeddedResource == true;
        if (embedded && type != "object")
        {
            const string Detail = "must be object if x-kubernetes-embedded-resource is true";
            errors.Add(type.Length == 0 ? FieldError.Required($"{path}.type", Detail) : FieldError.Invalid($"{path}.type", type, Detail));
        }
        else if (type.Length == 0 && schema.XKubernetesIntOrString != true && schema.XKubernetesPreserveUnknownFields != true)
        {
            errors.Add(FieldError.Required($"{path}.type", level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            }));
        }

        if (embedded && schema.AdditionalProperties is not null)
        {
            errors.Add(FieldError.Forbidden($"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set"));
        }

        if (level == Level.Root && type.Length > 0 && type != "object")
        {
            errors.Add(FieldError.Invalid($"{path}.type", type, "must be object at the root"));
        }

        if (embedded && schema.XKubernetesPreserveUnknownFields != true && schema.Properties is not { Count: > 0 })
        {
            errors.Add(FieldError.Required($"{path}.properties", "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"));
        }
    }

    private static void Metadata(List<FieldError> errors, JSONSchemaProps schema, Level level, string path)
    {
        if (level != Level.Root && schema.XKubernetesEmbeddedResource != true)
        {
            return;
        }

        foreach (var name in (string[])["kind", "apiVersion"])
        {
            if (schema.Properties?.TryGetValue(name, out var property) == true && property.Type != "string")
            {
                errors.Add(FieldError.Invalid($"{path}.properties[{name}].type", property.Type ?? "", "must be string"));
            }
        }

        if (schema.Properties?.TryGetValue("metadata", out var metadata) != true)
        {
            return;
        }

        var at = $"{path}.properties[metadata]";
        if (metadata!.Type != "object")
        {
            errors.Add(FieldError.Invalid($"{at}.type", metadata.Type ?? "", "must be object"));
        }

        if (level == Level.Root && !IsNameOnly(metadata))
        {
            errors.Add(FieldError.Forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified"));
        }
    }

    // Value validations (required, pattern, …) do not count; defaults are told of elsewhere.
    private static bool IsNameOnly(JSONSchemaProps metadata) =>
        (metadata.Properties ?? new Dictionary<string, JSONSchemaProps>()).Keys.All(name => name is "name" or "generateName")
        && metadata is
        {
            Items: null, AdditionalProperties: null, Nullable: not true, Description: null or "", Title: null or "", ExternalDocs: null, XKubernetesEmbeddedResource: not true,
            XKubernetesIntOrString: not true, XKubernetesListMapKeys: null or { Count: 0 }, XKubernetesListType: null, XKubernetesMapType: null,
            XKubernetesPreserveUnknownFields: not true, XKubernetesValidations: null or { Count: 0 },
        };

    // anyOf: [{type: integer}, {type: string}], as generators write beside x-kubernetes-int-or-string.
    private static bool Alternatives(IReadOnlyList<JSONSchemaProps>? anyOf) =>
        anyOf is [var one, var two] && one == new JSONSchemaProps { Type = "integer" } && two == new JSONSchemaProps { Type = "string" };

    private static void Values(List<FieldError> errors, JSONSchemaProps schema, string path, bool skipAnyOf, bool skipFirstAllOfAnyOf)
    {
        foreach (var (at, child) in SchemaWalk.Junctors(schema, path))
        {
            if (!skipAnyOf || !at.StartsWith($"{path}.anyOf[", StringComparison.Ordinal))
            {
                Nested(errors, child, at, skipFirstAllOfAnyOf && at == $"{path}.allOf[0]");
            }
        }

        if (!string.IsNullOrEmpty(schema.Pattern) && !GoPattern.TryParse(schema.Pattern, out _, out var problem))
        {
            errors.Add(FieldError.Invalid($"{path}.pattern", schema.Pattern, $"must be a valid regular expression, but isn't: {problem}"));
        }
    }

    private static void Nested(List<FieldError> errors, JSONSchemaProps schema, string path, bool skipAnyOf)
    {
        Values(errors, schema, path, skipAnyOf, false);
        foreach (var (at, child) in SchemaWalk.Structure(schema, path))
        {
            if (!ReferenceEquals(child, schema.AdditionalProperties?.Schema))
            {
                Nested(errors, child, at, false);
            }
        }

        Absent(errors, path, "type", !string.IsNullOrEmpty(schema.Type), "must be empty");
        Absent(errors, path, "additionalProperties", schema.AdditionalProperties is not null, "must be undefined");
        Absent(errors, path, "default", schema.Default is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) }, "must be undefined");
        Absent(errors, path, "title", !string.IsNullOrEmpty(schema.Title), "must be empty");
        Absent(errors, path, "description", !string.IsNullOrEmpty(schema.Description), "must be empty");
        Absent(errors, path, "nullable", schema.Nullable == true, "must be false");
        Absent(errors, path, "externalDocs", schema.ExternalDocs is not null, "must be undefined");
        Absent(errors, path, "x-kubernetes-preserve-unknown-fields", schema.XKubernetesPreserveUnknownFields == true, "must be false");
        Absent(errors, path, "x-kubernetes-embedded-resource", schema.XKubernetesEmbeddedResource == true, "must be false");
        Absent(errors, path, "x-kubernetes-int-or-string", schema.XKubernetesIntOrString == true, "must be false");
        Absent(errors, path, "x-kubernetes-list-map-keys", schema.XKubernetesListMapKeys is { Count: > 0 }, "must be empty");
        Absent(errors, path, "x-kubernetes-list-type", schema.XKubernetesListType is not null, "must be undefined");
        Absent(errors, path, "x-kubernetes-map-type", schema.XKubernetesMapType is not null, "must be undefined");
        Absent(errors, path, "x-kubernetes-validations", schema.XKubernetesValidations is { Count: > 0 }, "must be empty");
        if (schema.Properties?.ContainsKey("metadata") == true)
        {
            errors.Add(FieldError.Forbidden($"{path}.properties[metadata]", "must not be specified in a nested context"));
        }
    }

    private static void Absent(List<FieldError> errors, string path, string keyword, bool isSet, string detail)
    {
        if (isSet)
        {
            errors.Add(FieldError.Forbidden($"{path}.{keyword}", detail + " to be structural"));
        }
    }

    // Whatever a value validation speaks of is specified outside, too.
    private static void Completeness(List<FieldError> errors, JSONSchemaProps schema, string path)
    {
        foreach (var (at, child) in SchemaWalk.Junctors(schema, path))
        {
            Specified(errors, child, schema, path, at);
        }

        foreach (var (at, child) in SchemaWalk.Structure(schema, path))
        {
            Completeness(errors, child, at);
        }
    }

    private static void Specified(List<FieldError> errors, JSONSchemaProps value, JSONSchemaProps? schema, string path, string valuePath)
    {
        if (schema is null)
        {
            errors.Add(FieldError.Required(path, $"because it is defined in {valuePath}"));
            return;
        }

        foreach (var (at, child) in SchemaWalk.Junctors(value, valuePath))
        {
            Specified(errors, child, schema, path, at);
        }

        if (value.Items?.Schema is { } items)
        {
            Specified(errors, items, schema.Items?.Schema, $"{path}.items", $"{valuePath}.items");
        }

        foreach (var (name, property) in value.Properties ?? new Dictionary<string, JSONSchemaProps>())
        {
            Specified(errors, property, schema.Properties?.GetValueOrDefault(name), $"{path}.properties[{name}]", $"{valuePath}.properties[{name}]");
        }
    }
}
