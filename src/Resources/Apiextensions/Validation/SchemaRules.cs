using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>Rules of one version's schema.</summary>
/// <remarks>
/// The order is upstream's: what is structural, then the defaults, then the rest of OpenAPI that may be used. Each property is visited in
/// the order of its name, so that messages do not change from one try to the next.
/// </remarks>
internal static class SchemaRules
{
    private const string AllowedAtRoot =
        "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";

    private static readonly string[] s_types = ["array", "boolean", "integer", "number", "object", "string"];

    /// <summary>Where the walk is.</summary>
    /// <param name="WithoutDefaults">Why no default may stand here; null where one may.</param>
    /// <param name="InMetadata">Whether this is the apiVersion, kind or metadata of an object.</param>
    private readonly record struct Place(string? WithoutDefaults, bool InMetadata);

    public static void Validate(FieldErrors errors, JSONSchemaProps schema, bool hasStatus, string path)
    {
        if (hasStatus)
        {
            Root(errors, schema, path);
        }

        if (schema.Nullable == true)
        {
            errors.Forbidden($"{path}.nullable", "nullable cannot be true at the root");
        }

        var structural = StructuralRules.Validate(schema, path);
        errors.AddRange(structural);
        if (structural.Count == 0)
        {
            DefaultRules.Validate(errors, schema, path, isResource: true);
        }

        OpenApi(errors, schema, path, default, isRoot: true);
    }

    // With a status subresource, the schema of the status is taken out of the root: nothing at the root may depend on the rest.
    private static void Root(FieldErrors errors, JSONSchemaProps schema, string path)
    {
        if (!string.IsNullOrEmpty(schema.Type) && schema.Type != "object")
        {
            errors.Invalid($"{path}.type", schema.Type, "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled");
            return;
        }

        var allowed = schema with
        {
            Description = null, Type = null, Format = null, Title = null, Maximum = null, ExclusiveMaximum = null, Minimum = null, ExclusiveMinimum = null,
            MaxLength = null, MinLength = null, Pattern = null, MaxItems = null, MinItems = null, UniqueItems = null, MultipleOf = null, Required = null, Items = null,
            Properties = null, ExternalDocs = null, Example = null, XKubernetesPreserveUnknownFields = null, XKubernetesValidations = null,
        };
        if (JsonComparison.Node(allowed) is System.Text.Json.Nodes.JsonObject { Count: > 0 } rest && rest.Any(pair => pair.Value?.GetValueKind() is not (JsonValueKind.False or null)))
        {
            errors.Invalid(path, JsonComparison.Text(schema), $"only {AllowedAtRoot} fields are allowed at the root of the schema if the status subresource is enabled");
        }
    }

    private static void OpenApi(FieldErrors errors, JSONSchemaProps schema, string path, Place place, bool isRoot = false)
    {
        Keywords(errors, schema, path, place);
        if (schema.UniqueItems == true)
        {
            errors.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }

        if (schema is { AdditionalProperties: { } more, Properties.Count: > 0 } && (!more.Allows || more.Schema is not null))
        {
            errors.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive");
        }

        foreach (var (at, child) in SchemaWalk.Below(schema, path).OrderBy(pair => pair.Path, StringComparer.Ordinal))
        {
            var below = place;
            if (ReferenceEquals(child, schema.AdditionalProperties?.Schema) && place.InMetadata)
            {
                below = place with { WithoutDefaults = "inside additionalProperties applying to object metadata" };
            }
            else if ((isRoot || schema.XKubernetesEmbeddedResource == true) && Property(at, path) is "metadata" or "kind" or "apiVersion")
            {
                below = new(isRoot ? $"in top-level {Property(at, path)}" : place.WithoutDefaults, true);
            }

            OpenApi(errors, child, at, below);
        }

        if (schema.XKubernetesPreserveUnknownFields == false)
        {
            errors.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", "false", "must be true or undefined");
        }

        MapType(errors, schema, path);
        ListTypeRules.Validate(errors, schema, path);
        ExpressionRules.Validate(errors, schema, path);
    }

    private static string? Property(string at, string path) =>
        at.StartsWith(path + ".properties[", StringComparison.Ordinal) ? at[(path.Length + ".properties[".Length)..^1] : null;

    private static void Keywords(FieldErrors errors, JSONSchemaProps schema, string path, Place place)
    {
        if (!string.IsNullOrEmpty(schema.Type) && !s_types.Contains(schema.Type))
        {
            errors.Add(FieldError.NotSupported($"{path}.type", schema.Type, s_types));
        }

        if (schema.Default is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } && place.WithoutDefaults is { } reason)
        {
            errors.Forbidden($"{path}.default", $"must not be set {reason}");
        }

        Unsupported(errors, path, "id", !string.IsNullOrEmpty(schema.Id));
        Unsupported(errors, path, "additionalItems", schema.AdditionalItems is not null);
        Unsupported(errors, path, "patternProperties", schema.PatternProperties is { Count: > 0 });
        Unsupported(errors, path, "definitions", schema.Definitions is { Count: > 0 });
        Unsupported(errors, path, "dependencies", schema.Dependencies is not null);
        Unsupported(errors, path, "$ref", schema.Ref is not null);
        if (schema.Type == "null")
        {
            errors.Forbidden($"{path}.type", "type cannot be set to null, use nullable as an alternative");
        }

        if (schema.Items?.JSONSchemas is { Count: > 0 })
        {
            errors.Forbidden($"{path}.items", "items must be a schema object and not an array");
        }

        if (place.InMetadata && schema.XKubernetesEmbeddedResource == true)
        {
            errors.Forbidden($"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta");
        }
    }

    private static void Unsupported(FieldErrors errors, string path, string keyword, bool isSet)
    {
        if (isSet)
        {
            errors.Forbidden($"{path}.{keyword}", $"{keyword} is not supported");
        }
    }

    private static void MapType(FieldErrors errors, JSONSchemaProps schema, string path)
    {
        if (schema.XKubernetesMapType is not { } type)
        {
            return;
        }

        if (schema.Type != "object")
        {
            ListTypeRules.WrongType(errors, schema.Type, $"{path}.type", "must be object if x-kubernetes-map-type is specified");
        }

        if (type is not ("atomic" or "granular"))
        {
            errors.Add(FieldError.NotSupported($"{path}.x-kubernetes-map-type", type, ["atomic", "granular"]));
        }
    }
}
