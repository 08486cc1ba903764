using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>The shape that a CustomResourceDefinition's schema gives its objects, in the form that built-in kinds have theirs.</summary>
/// <remarks>
/// Structure only: value validations (bounds, patterns, enum, allOf, …) are <see cref="CustomResourceValidator"/>'s, which also tells of
/// wrong types. Every place is a <see cref="Schema.Pointer"/>: nothing of a custom resource is left out because it is zero or empty.
/// </remarks>
public static class StructuralSchema
{
    private const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    /// <summary>The schema of the objects of one version.</summary>
    /// <param name="root">The version's <c>openAPIV3Schema</c>; null for none: then nothing but the envelope is known.</param>
    /// <param name="preserveUnknownFields">Whether the definition's <c>spec.preserveUnknownFields</c> is true: nothing is pruned anywhere.</param>
    public static Schema ToSchema(JSONSchemaProps? root, bool preserveUnknownFields)
    {
        root ??= new();
        var properties = PropertiesOf(root, preserveUnknownFields, isResource: true);
        return new Schema(null, () => properties())
        {
            PreserveUnknownFields = preserveUnknownFields || Preserves(root),
            Description = root.Description,
        };
    }

    /// <summary>The schema of a value below the root.</summary>
    internal static Schema Of(JSONSchemaProps schema, bool required, bool preserve, bool preserveHere = false)
    {
        var preserved = preserve || preserveHere || Preserves(schema);
        var type = TypeOf(schema);
        var isEmbedded = schema.XKubernetesEmbeddedResource == true;
        var values = type == SchemaType.Map ? ValuesOf(schema, preserve) : null;
        // An array that keeps what it does not know keeps it in its items, too.
        var items = type == SchemaType.Array ? Of(schema.Items?.Schema ?? new(), false, preserve, preserved) : null;
        var keys = schema.XKubernetesListMapKeys ?? [];
        var made = type == SchemaType.Object
            ? new Schema(null, PropertiesOf(schema, preserve, isEmbedded))
            {
                Required = required, Pointer = true, PreserveUnknownFields = preserved || AllowsMore(schema), EmbeddedResource = isEmbedded, Nullable = schema.Nullable == true,
                Default = Node(schema.Default), Description = schema.Description, AtomicMap = IsAtomic(schema),
            }
            : new Schema(type, FormatOf(schema, type), items, values)
            {
                Required = required, Pointer = true, PreserveUnknownFields = preserved, Nullable = schema.Nullable == true, Default = Node(schema.Default),
                Description = schema.Description, AtomicMap = IsAtomic(schema), HasListType = schema.XKubernetesListType is not null,
                ListType = schema.XKubernetesListType switch { "map" when keys.Count > 0 => ListType.Map, "set" => ListType.Set, _ => ListType.Atomic }, ListMapKeys = keys,
                Enum = [.. (schema.Enum ?? []).Where(value => value.ValueKind == JsonValueKind.String).Select(value => value.GetString()!)],
            };
        return made;
    }

    /// <summary>A default or another literal as a tree of its own; null for none.</summary>
    internal static JsonNode? Node(JsonElement? value) => value?.ValueKind switch
    {
        null or JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.Object => JsonObject.Create(value.Value),
        JsonValueKind.Array => JsonArray.Create(value.Value),
        _ => JsonValue.Create(value.Value),
    };

    internal static bool Preserves(JSONSchemaProps schema) => schema.XKubernetesPreserveUnknownFields == true;

    private static Func<IEnumerable<KeyValuePair<string, Schema>>> PropertiesOf(JSONSchemaProps schema, bool preserve, bool isResource)
    {
        var required = (schema.Required ?? []).ToHashSet(StringComparer.Ordinal);
        var properties = schema.Properties ?? new Dictionary<string, JSONSchemaProps>();
        return Enumerate;

        IEnumerable<KeyValuePair<string, Schema>> Enumerate()
        {
            foreach (var (name, property) in properties)
            {
                // What an object is, and its metadata, is given; a schema may only narrow the values.
                if (!isResource || name is not ("apiVersion" or "kind" or "metadata"))
                {
                    yield return new(name, Of(property, required.Contains(name), preserve));
                }
            }

            if (isResource)
            {
                yield return new("apiVersion", new Schema(SchemaType.String) { Pointer = true, Description = "Version of the schema that the object is written in, such as v1 or apps/v1." });
                yield return new("kind", new Schema(SchemaType.String) { Pointer = true, Description = "Which kind of object this is." });
                yield return new("metadata", new Schema(() => BuiltInTypes.Schemas.Find(ObjectMeta)!) { Pointer = true, Description = "Name, namespace, labels and the server's bookkeeping." });
            }
        }
    }

    private static SchemaType TypeOf(JSONSchemaProps schema) => schema.Type switch
    {
        _ when schema.XKubernetesIntOrString == true => SchemaType.String,
        "object" when schema.Properties is not { Count: > 0 } && schema.XKubernetesEmbeddedResource != true && schema.AdditionalProperties is { Allows: true } => SchemaType.Map,
        "object" => SchemaType.Object,
        "array" => SchemaType.Array,
        "string" => SchemaType.String,
        "integer" => SchemaType.Integer,
        "number" => SchemaType.Number,
        "boolean" => SchemaType.Boolean,
        _ when schema.Properties is { Count: > 0 } || schema.XKubernetesEmbeddedResource == true => SchemaType.Object,
        _ when schema.Items?.Schema is not null => SchemaType.Array,
        _ => SchemaType.Any,
    };

    // additionalProperties: true keeps the keys, and of objects under them nothing, as upstream prunes.
    private static Schema ValuesOf(JSONSchemaProps schema, bool preserve) => schema.AdditionalProperties?.Schema is { } values
        ? Of(values, false, preserve)
        : new Schema(null, () => []) { Pointer = true, Nullable = true, PreserveUnknownFields = preserve || Preserves(schema) };

    private static bool AllowsMore(JSONSchemaProps schema) => schema is { Properties.Count: > 0, AdditionalProperties: { Allows: true, Schema: null } };

    private static bool IsAtomic(JSONSchemaProps schema) => schema.XKubernetesMapType == "atomic";

    private static string? FormatOf(JSONSchemaProps schema, SchemaType type) => type switch
    {
        SchemaType.String => schema.XKubernetesIntOrString == true ? "int-or-string" : null,
        SchemaType.Integer => schema.Format == "int32" ? "int32" : "int64",
        SchemaType.Number => "double",
        _ => null,
    };
}
