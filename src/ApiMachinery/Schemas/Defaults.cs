using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Schemas;

/// <summary>Fills in what a schema's <c>default</c> says.</summary>
/// <remarks>As for CRDs: a default applies where the parent stands, and is itself filled in; null is replaced where null is no value.</remarks>
public static class Defaults
{
    /// <summary>Fills an object in place.</summary>
    public static void Apply(JsonObject value, Schema schema) => Fill(value, schema);

    private static void Fill(JsonNode? value, Schema schema)
    {
        switch (value)
        {
            case JsonObject parent when schema.Type == SchemaType.Object:
                foreach (var (name, property) in schema.Properties)
                {
                    var has = parent.TryGetPropertyValue(name, out var child);
                    if (property.Default is { } standard && (!has || (child is null && !property.Nullable)))
                    {
                        parent[name] = child = standard.DeepClone();
                    }

                    Fill(child, property);
                }

                break;
            case JsonObject map when schema.Type == SchemaType.Map && schema.Values is { } values:
                for (var i = 0; i < map.Count; i++)
                {
                    if (map.GetAt(i).Value is null && !values.Nullable && values.Default is { } standard)
                    {
                        map.SetAt(i, standard.DeepClone());
                    }

                    Fill(map.GetAt(i).Value, values);
                }

                break;
            case JsonArray list when schema.Type == SchemaType.Array && schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is null && !items.Nullable && items.Default is { } standard)
                    {
                        list[i] = standard.DeepClone();
                    }

                    Fill(list[i], items);
                }

                break;
        }
    }
}
