using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>A custom resource's schema as the OpenAPI documents publish it.</summary>
/// <remarks>
/// The third version says all. The second loses what it has no words for (allOf, anyOf, oneOf, not, nullable) and what kubectl's
/// client-side validation would take for a prohibition: the fields of an object that keeps unknown ones. Upstream: apiextensions-apiserver
/// pkg/controller/openapi/builder and openapi/v2.
/// </remarks>
public static class PublishedSchema
{
    private const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    private const string Preserve = "x-kubernetes-preserve-unknown-fields";
    private const string Embedded = "x-kubernetes-embedded-resource";

    private static readonly string[] s_junctors = ["allOf", "anyOf", "oneOf", "not"];

    /// <summary>The definition of the objects for OpenAPI 2, its metadata a <c>$ref</c> below <c>#/definitions/</c>.</summary>
    /// <param name="root">The version's <c>openAPIV3Schema</c>.</param>
    /// <param name="preserveUnknownFields">The definition's <c>spec.preserveUnknownFields</c>.</param>
    /// <returns>Nothing but <c>type: object</c>, without even <c>properties</c>, where unknown fields are kept at the root: kubectl 1.24 and older would refuse them.</returns>
    public static JsonObject OpenApiV2(JSONSchemaProps? root, bool preserveUnknownFields)
    {
        if (root is null || preserveUnknownFields || StructuralSchema.Preserves(root))
        {
            return new JsonObject { ["type"] = "object" };
        }

        var published = Tree(root);
        Reduce(published);
        Complete(published, isV2: true, isRoot: true);
        return published;
    }

    /// <summary>The definition of the objects for OpenAPI 3, its metadata a <c>$ref</c> below <c>#/components/schemas/</c>.</summary>
    /// <param name="root">The version's <c>openAPIV3Schema</c>.</param>
    /// <param name="preserveUnknownFields">The definition's <c>spec.preserveUnknownFields</c>.</param>
    public static JsonObject OpenApiV3(JSONSchemaProps? root, bool preserveUnknownFields)
    {
        if (root is null)
        {
            return new JsonObject { ["type"] = "object" };
        }

        var published = Tree(root);
        if (preserveUnknownFields)
        {
            published[Preserve] = true;
        }

        Complete(published, isV2: false, isRoot: true);
        return published;
    }

    private static JsonObject Tree(JSONSchemaProps root)
    {
        var tree = (JsonObject)JsonComparison.Node(root)!;
        Tidy(tree);
        return tree;
    }

    // What is false or empty is not said.
    private static void Tidy(JsonObject schema)
    {
        for (var i = schema.Count - 1; i >= 0; i--)
        {
            var (name, value) = schema.GetAt(i);
            if (name is "default" or "enum" or "example" or "properties" or "additionalProperties" or "required")
            {
                continue;
            }

            if (value is JsonArray { Count: 0 } || value?.GetValueKind() == JsonValueKind.False || (value?.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0))
            {
                schema.RemoveAt(i);
            }
        }

        if (schema["required"] is JsonArray { Count: 0 })
        {
            schema.Remove("required");
        }

        foreach (var child in Below(schema))
        {
            Tidy(child);
        }
    }

    private static void Reduce(JsonObject schema)
    {
        foreach (var junctor in s_junctors)
        {
            schema.Remove(junctor);
        }

        // A required field that may be null may be left out, as far as the second version can tell.
        if (schema["required"] is JsonArray required)
        {
            var isOpen = IsTrue(schema["additionalProperties"] as JsonObject, "nullable");
            for (var i = required.Count - 1; i >= 0; i--)
            {
                if (isOpen || IsTrue(schema["properties"]?[required[i]!.GetValue<string>()] as JsonObject, "nullable"))
                {
                    required.RemoveAt(i);
                }
            }

            if (required.Count == 0)
            {
                schema.Remove("required");
            }
        }

        var preserves = IsTrue(schema, Preserve);
        if (schema.Remove("nullable"))
        {
            schema.Remove("type");
            schema.Remove("items");
            schema.Remove("properties");
        }

        if (preserves)
        {
            schema.Remove("items");
            schema.Remove("properties");
        }

        var type = schema["type"]?.GetValue<string>();
        if ((type == "array" && !schema.ContainsKey("items")) || (preserves && type == "object"))
        {
            schema.Remove("type");
        }

        foreach (var child in Below(schema))
        {
            Reduce(child);
        }
    }

    // What every object has, of the root and of embedded resources.
    private static void Complete(JsonObject schema, bool isV2, bool isRoot)
    {
        foreach (var child in Below(schema))
        {
            Complete(child, isV2, isRoot: false);
        }

        if (!isRoot && (!IsTrue(schema, Embedded) || (isV2 && IsTrue(schema, Preserve))))
        {
            return;
        }

        if (schema["properties"] is not JsonObject properties)
        {
            schema["properties"] = properties = [];
        }

        properties["apiVersion"] = new JsonObject { ["description"] = "Version of the schema that the object is written in, such as v1 or apps/v1.", ["type"] = "string" };
        properties["kind"] = new JsonObject { ["description"] = "Which kind of object this is.", ["type"] = "string" };
        properties["metadata"] = Metadata(isV2);
        if (isRoot)
        {
            return;
        }

        if (schema["required"] is not JsonArray required)
        {
            schema["required"] = required = [];
        }

        foreach (var name in (string[])["kind", "apiVersion"])
        {
            if (!required.Any(one => one?.GetValue<string>() == name))
            {
                required.Add(name);
            }
        }
    }

    private static JsonObject Metadata(bool isV2)
    {
        const string Description = "Name, namespace, labels and the server's bookkeeping.";
        return isV2
            ? new JsonObject { ["description"] = Description, ["$ref"] = "#/definitions/" + ObjectMeta }
            : new JsonObject { ["description"] = Description, ["allOf"] = new JsonArray(new JsonObject { ["$ref"] = "#/components/schemas/" + ObjectMeta }) };
    }

    private static bool IsTrue(JsonObject? schema, string name) => schema?[name]?.GetValueKind() == JsonValueKind.True;

    private static IEnumerable<JsonObject> Below(JsonObject schema)
    {
        foreach (var (name, value) in schema)
        {
            switch (value)
            {
                case JsonObject children when name == "properties":
                    foreach (var child in children.Select(pair => pair.Value).OfType<JsonObject>())
                    {
                        yield return child;
                    }

                    break;
                case JsonObject child when name is "items" or "additionalProperties" or "not":
                    yield return child;
                    break;
                case JsonArray children when name is "allOf" or "anyOf" or "oneOf":
                    foreach (var child in children.OfType<JsonObject>())
                    {
                        yield return child;
                    }

                    break;
            }
        }
    }
}
