using System.Text;
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
        var walk = new Walk([], []);
        Prune(value, schema, walk);
        return walk.Found;
    }

    // Where the walk is, in names and indices, and what it found. The path is put into words only where something is found.
    private readonly record struct Walk(List<string> Found, List<(string? Name, int Index)> Path)
    {
        public void Enter(string name) => Path.Add((name, 0));

        public void Enter(int index) => Path.Add((null, index));

        public void Leave() => Path.RemoveAt(Path.Count - 1);

        public void Tell(string name)
        {
            var text = new StringBuilder();
            foreach (var (step, index) in Path.Append((Name: name, Index: 0)))
            {
                _ = step is null ? text.Append('[').Append(index).Append(']') : text.Append(text.Length == 0 ? "" : ".").Append(step);
            }

            Found.Add($"unknown field \"{text}\"");
        }
    }

    private static void Prune(JsonNode? value, Schema schema, Walk walk)
    {
        switch (value)
        {
            case JsonObject parent when schema.Type == SchemaType.Object:
                Properties(parent, schema, walk);
                break;
            case JsonObject map when schema.Type == SchemaType.Map && schema.Values is { } values:
                Values(map, values, walk);
                break;
            case JsonArray list when schema.Type == SchemaType.Array && schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is null && !items.Nullable && !items.Pointer && Zero(items) is { } zero)
                    {
                        list[i] = zero;
                    }

                    walk.Enter(i);
                    Prune(list[i], items, walk);
                    walk.Leave();
                }

                break;
        }
    }

    private static void Values(JsonObject map, Schema values, Walk walk)
    {
        for (var i = 0; i < map.Count; i++)
        {
            var (key, child) = map.GetAt(i);
            if (child is not null || values.Nullable || values.Default is not null)
            {
                walk.Enter(key);
                Prune(child, values, walk);
                walk.Leave();
            }
            else if (!values.Pointer && Zero(values) is { } zero)
            {
                map.SetAt(i, zero);
            }
            else
            {
                map.RemoveAt(i--);
            }
        }
    }

    private static void Properties(JsonObject parent, Schema schema, Walk walk)
    {
        var properties = schema.Properties;
        for (var i = 0; i < parent.Count; i++)
        {
            var (name, child) = parent.GetAt(i);
            if (!properties.TryGetValue(name, out var property))
            {
                if (!Keeps(schema, name))
                {
                    parent.RemoveAt(i--);
                    walk.Tell(name);
                }
            }
            else if (child is null)
            {
                // Where there is a default, the null keeps the field's place for it.
                if (property is { Nullable: false, Default: null })
                {
                    parent.RemoveAt(i--);
                }
            }
            else
            {
                walk.Enter(name);
                Prune(child, property, walk);
                walk.Leave();
            }
        }
    }

    private static bool Keeps(Schema schema, string name) =>
        schema.PreserveUnknownFields || schema.Reference?.PreserveUnknownFields == true
        || (schema.EmbeddedResource && name is "apiVersion" or "kind" or "metadata");

    // Go reads null as the zero value where something must stand: in a list or as the value of a key, of built-in kinds. A custom resource's
    // null (whose schemas are pointers throughout) waits in a list for its default or the validation, and leaves a map that takes none.
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
