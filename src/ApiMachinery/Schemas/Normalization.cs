using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Schemas;

/// <summary>Brings an object of a built-in kind into the form that upstream's decode and encode would leave it in.</summary>
/// <remarks>
/// Quantities are canonical (0.5 is 500m), times are UTC without fractions, and what upstream's encoder omits is gone: empty lists and
/// maps, and zero scalars, where the field is neither required nor a <see cref="Schema.Pointer"/>. JSON, YAML and protobuf bodies of
/// the same object become equal. Run it after TypeCheck; values of another type are left alone.
/// </remarks>
public static class Normalization
{
    /// <summary>Changes an object in place.</summary>
    public static void Apply(JsonObject value, Schema schema)
    {
        // From the end, so that what is removed does not move what is still to come.
        for (var i = value.Count - 1; i >= 0; i--)
        {
            var (name, child) = value.GetAt(i);
            if (child is null || !schema.Properties.TryGetValue(name, out var property))
            {
                continue;
            }

            if (!property.Required && IsOmitted(child, property))
            {
                value.RemoveAt(i);
            }
            else if (Changed(child, property) is { } changed)
            {
                value.SetAt(i, changed);
            }
        }
    }

    private static bool IsOmitted(JsonNode child, Schema property) => property.Type switch
    {
        SchemaType.Array => child is JsonArray { Count: 0 },
        SchemaType.Map => child is JsonObject { Count: 0 },
        _ when property.Pointer => false,
        SchemaType.Boolean => child.AsBoolean() == false,
        SchemaType.Integer => child.AsInt64() == 0,
        SchemaType.String => property.Format != "quantity" && (child.IsEmptyString() || (property.Format == "int-or-string" && child.AsInt64() == 0)),
        _ => false,
    };

    private static JsonValue? Changed(JsonNode child, Schema schema)
    {
        switch (child)
        {
            case JsonObject parent when schema.Type == SchemaType.Object:
                Apply(parent, schema);
                return null;
            case JsonObject map when schema.Type == SchemaType.Map && schema.Values is { } values:
                for (var i = 0; i < map.Count; i++)
                {
                    if (map.GetAt(i).Value is { } value && Changed(value, values) is { } changed)
                    {
                        map.SetAt(i, changed);
                    }
                }

                return null;
            case JsonArray list when schema.Type == SchemaType.Array && schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is { } item && Changed(item, items) is { } changed)
                    {
                        list[i] = changed;
                    }
                }

                return null;
            default:
                return schema.Type == SchemaType.String ? Scalar(child, schema) : null;
        }
    }

    private static JsonValue? Scalar(JsonNode child, Schema schema)
    {
        if (schema.Format is not ("quantity" or "date-time" or "micro-time"))
        {
            return null;
        }

        var text = child.AsString();
        switch (schema.Format)
        {
            case "quantity" when Quantity.TryParse(text ?? child.ToJsonString(), out var quantity, out _):
                var canonical = quantity.Canonical();
                return canonical == text ? null : JsonValue.Create(canonical);
            case "date-time" or "micro-time" when text is not null && TypeCheck.IsTime(text):
                var utc = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).UtcDateTime;
                var written = utc.ToString(schema.Format == "date-time" ? TimeConverter.Format : MicroTimeConverter.Format, CultureInfo.InvariantCulture);
                return written == text ? null : JsonValue.Create(written);
            default:
                return null;
        }
    }
}
