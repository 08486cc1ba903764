using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.OpenApi;

/// <summary>Schemas as OpenAPI: the same for built-in kinds and custom resources, in the second and third version of the format.</summary>
/// <param name="prefix">Where definitions stand: <c>#/definitions/</c> or <c>#/components/schemas/</c>.</param>
internal sealed class SchemaJson(string prefix)
{
    private readonly JsonObject _definitions = [];
    private readonly Queue<string> _pending = new();
    private bool IsV2 => prefix == "#/definitions/";

    /// <summary>All definitions that were referred to, and those that they refer to.</summary>
    public JsonObject Definitions()
    {
        while (_pending.TryDequeue(out var name))
        {
            if (!_definitions.ContainsKey(name) && BuiltInTypes.Schemas.Find(name) is { } schema)
            {
                _definitions[name] = Definition(schema);
            }
        }

        return _definitions;
    }

    /// <summary>Adds a definition that is no built-in type's: a custom resource's.</summary>
    public void Add(string name, JsonObject definition) => _definitions[name] = definition;

    /// <summary>Whether a definition was added.</summary>
    public bool Has(string name) => _definitions.ContainsKey(name);

    /// <summary>A reference to a definition.</summary>
    public JsonObject Reference(string name)
    {
        _pending.Enqueue(name);
        return new JsonObject { ["$ref"] = prefix + name };
    }

    /// <summary>Adds the list of a kind and refers to it.</summary>
    public JsonObject ListReference(string definition, string group, string version, string listKind)
    {
        var name = definition + "List";
        _definitions[name] ??= new JsonObject
        {
            ["description"] = $"A list of {definition[(definition.LastIndexOf('.') + 1)..]}.",
            ["type"] = "object",
            ["required"] = new JsonArray("items"),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = new JsonObject { ["type"] = "string" },
                ["kind"] = new JsonObject { ["type"] = "string" },
                ["metadata"] = Reference("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"),
                ["items"] = new JsonObject { ["type"] = "array", ["items"] = Reference(definition) },
            },
            ["x-kubernetes-group-version-kind"] = new JsonArray(new JsonObject { ["group"] = group, ["kind"] = listKind, ["version"] = version }),
        };
        return new JsonObject { ["$ref"] = prefix + name };
    }

    private JsonObject Definition(Schema schema)
    {
        var result = Shape(schema);
        result.Insert(0, "description", schema.Description ?? "");
        if (schema.Kinds.Count > 0)
        {
            result["x-kubernetes-group-version-kind"] =
                new JsonArray([.. schema.Kinds.Select(kind => new JsonObject { ["group"] = kind.Group, ["kind"] = kind.Kind, ["version"] = kind.Version })]);
        }

        return result;
    }

    private JsonObject Place(Schema schema)
    {
        if (schema.Reference is not { Name: { } name })
        {
            var inline = Shape(schema);
            Describe(inline, schema);
            return inline;
        }

        var reference = Reference(name);
        var extras = new JsonObject();
        Describe(extras, schema);
        if (extras.Count == 0)
        {
            return reference;
        }

        if (IsV2)
        {
            extras["$ref"] = prefix + name;
            return extras;
        }

        extras["allOf"] = new JsonArray(reference); // In the third version nothing may stand beside a $ref.
        return extras;
    }

    private static void Describe(JsonObject result, Schema schema)
    {
        if (schema.Description is { } description)
        {
            result["description"] = description;
        }

        if (schema.HasListType)
        {
            result["x-kubernetes-list-type"] = schema.ListType.ToString().ToLowerInvariant();
        }

        if (schema.ListMapKeys.Count > 0)
        {
            result["x-kubernetes-list-map-keys"] = new JsonArray([.. schema.ListMapKeys.Select(key => JsonValue.Create(key))]);
        }

        if (schema.PatchStrategy.Count > 0)
        {
            result["x-kubernetes-patch-strategy"] = string.Join(',', schema.PatchStrategy);
        }

        if (schema.PatchMergeKey is { } mergeKey)
        {
            result["x-kubernetes-patch-merge-key"] = mergeKey;
        }

        if (schema.Reference is null && schema.AtomicMap)
        {
            result["x-kubernetes-map-type"] = "atomic";
        }
    }

    private JsonObject Shape(Schema schema)
    {
        switch (schema.Type)
        {
            case SchemaType.Object:
                var properties = new JsonObject();
                foreach (var (name, property) in schema.Properties.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    properties[name] = Place(property);
                }

                var result = new JsonObject { ["type"] = "object", ["properties"] = properties };
                var required = schema.Properties.Where(pair => pair.Value.Required).Select(pair => pair.Key).Order(StringComparer.Ordinal).ToArray();
                if (required.Length > 0)
                {
                    result["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]);
                }

                if (schema.AtomicMap)
                {
                    result["x-kubernetes-map-type"] = "atomic";
                }

                return result;
            case SchemaType.Map:
                return new JsonObject { ["type"] = "object", ["additionalProperties"] = schema.Values is { } values ? Place(values) : new JsonObject { ["type"] = "object" } };
            case SchemaType.Array:
                return new JsonObject { ["type"] = "array", ["items"] = schema.Items is { } items ? Place(items) : new JsonObject { ["type"] = "object" } };
            case SchemaType.Any:
                // Of an untyped value (JSON, a schema or a boolean) upstream says nothing; a RawExtension is an object.
                return schema.Format is null or "raw" or "fields" ? new JsonObject { ["type"] = "object" } : [];
            case SchemaType.Integer:
                return new JsonObject { ["type"] = "integer", ["format"] = schema.Format ?? "int64" };
            case SchemaType.Number:
                return new JsonObject { ["type"] = "number", ["format"] = "double" };
            case SchemaType.Boolean:
                return new JsonObject { ["type"] = "boolean" };
            default:
                return Text(schema);
        }
    }

    private JsonObject Text(Schema schema) => schema.Format switch
    {
        "int-or-string" when IsV2 => new JsonObject { ["type"] = "string", ["format"] = "int-or-string" },
        "int-or-string" => new JsonObject
        {
            ["format"] = "int-or-string",
            ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" }),
        },
        "quantity" when !IsV2 => new JsonObject { ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, new JsonObject { ["type"] = "number" }) },
        "date-time" or "micro-time" => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
        "byte" => new JsonObject { ["type"] = "string", ["format"] = "byte" },
        _ => new JsonObject { ["type"] = "string" },
    };
}
