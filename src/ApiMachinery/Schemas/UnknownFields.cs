using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Schemas;

/// <summary>Removes what a schema does not know, as upstream's decoder and a CRD's pruning do.</summary>
public static class UnknownFields
{
    /// <summary>Removes unknown fields, and nulls where null is no value.</summary>
    /// <returns><c>unknown field "spec.template.spec.containers[0].foo"</c> for each field removed, in order of the object.</returns>
    public static IReadOnlyList<string> Prune(JsonObject value, Schema schema)
    {
        var found = new List<string>();
        Prune(value, schema, "", found);
        return found;
    }

    private static void Prune(JsonNode? value, Schema schema, string path, List<string> found)
    {
        switch (value)
        {
            case JsonObject parent when schema.Type == SchemaType.Object:
                Properties(parent, schema, path, found);
                break;
            case JsonObject map when schema.Type == SchemaType.Map && schema.Values is { } values:
                foreach (var (key, child) in map.ToArray())
                {
                    if (child is not null || values.Nullable)
                    {
                        Prune(child, values, Join(path, key), found);
                    }
                    else if (Zero(values) is { } zero)
                    {
                        map[key] = zero;
                    }
                    else
                    {
                        map.Remove(key);
                    }
                }

                break;
            case JsonArray list when schema.Type == SchemaType.Array && schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is null && !items.Nullable && Zero(items) is { } zero)
                    {
                        list[i] = zero;
                    }

                    Prune(list[i], items, $"{path}[{i}]", found);
                }

                break;
        }
    }

    private static void Properties(JsonObject parent, Schema schema, string path, List<string> found)
    {
        var properties = schema.Properties;
        foreach (var (name, child) in parent.ToArray())
        {
            if (!properties.TryGetValue(name, out var property))
            {
                if (!Keeps(schema, name))
                {
                    parent.Remove(name);
                    found.Add($"unknown field \"{Join(path, name)}\"");
                }
            }
            else if (child is null)
            {
                if (!property.Nullable)
                {
                    parent.Remove(name);
                }
            }
            else
            {
                Prune(child, property, Join(path, name), found);
            }
        }
    }

    private static bool Keeps(Schema schema, string name) =>
        schema.PreserveUnknownFields || schema.Reference?.PreserveUnknownFields == true
        || (schema.EmbeddedResource && name is "apiVersion" or "kind" or "metadata");

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    // Go reads null as the zero value where something must stand: in a list or as the value of a key.
    private static JsonNode? Zero(Schema schema) => schema.Type switch
    {
        SchemaType.String when schema.Format is null or "byte" => JsonValue.Create(""),
        SchemaType.String when schema.Format is "quantity" => JsonValue.Create("0"),
        SchemaType.Integer or SchemaType.Number => JsonScalars.Number(0),
        SchemaType.Boolean => JsonValue.Create(false),
        SchemaType.Object => new JsonObject(),
        _ => null,
    };
}
