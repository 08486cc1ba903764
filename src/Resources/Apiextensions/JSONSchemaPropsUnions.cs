using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>A schema, or whether any value is allowed: <c>additionalProperties</c>.</summary>
[JsonConverter(typeof(JSONSchemaPropsOrBoolConverter))]
public sealed partial record JSONSchemaPropsOrBool
{
    /// <summary>Whether values are allowed; true where there is a <see cref="Schema"/>.</summary>
    public bool Allows { get; init; }

    /// <summary>The schema of the values, or null.</summary>
    public JSONSchemaProps? Schema { get; init; }
}

/// <summary>A schema, or one for each place: <c>items</c>. Structural schemas know the first form only.</summary>
[JsonConverter(typeof(JSONSchemaPropsOrArrayConverter))]
public sealed partial record JSONSchemaPropsOrArray
{
    /// <summary>The schema of all items, or null.</summary>
    public JSONSchemaProps? Schema { get; init; }

    /// <summary>A schema for each place, or null.</summary>
    public IReadOnlyList<JSONSchemaProps>? JSONSchemas { get; init; }
}

/// <summary>A schema, or names of properties: <c>dependencies</c>, which no structural schema may have.</summary>
[JsonConverter(typeof(JSONSchemaPropsOrStringArrayConverter))]
public sealed partial record JSONSchemaPropsOrStringArray
{
    /// <summary>The schema, or null.</summary>
    public JSONSchemaProps? Schema { get; init; }

    /// <summary>The names, or null.</summary>
    public IReadOnlyList<string>? Property { get; init; }
}

internal sealed class JSONSchemaPropsOrBoolConverter : JsonConverter<JSONSchemaPropsOrBool>
{
    public override JSONSchemaPropsOrBool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => new() { Allows = true },
        JsonTokenType.False => new(),
        JsonTokenType.StartObject => new() { Allows = true, Schema = SchemaUnion.Read(ref reader) },
        _ => throw new JsonException("boolean or JSON schema expected"),
    };

    public override void Write(Utf8JsonWriter writer, JSONSchemaPropsOrBool value, JsonSerializerOptions options)
    {
        if (value.Schema is { } schema)
        {
            SchemaUnion.Write(writer, schema);
        }
        else
        {
            writer.WriteBooleanValue(value.Allows);
        }
    }
}

internal sealed class JSONSchemaPropsOrArrayConverter : JsonConverter<JSONSchemaPropsOrArray>
{
    public override JSONSchemaPropsOrArray Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return new() { Schema = SchemaUnion.Read(ref reader) };
            case JsonTokenType.StartArray:
                var schemas = new List<JSONSchemaProps>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    schemas.Add(SchemaUnion.Read(ref reader));
                }

                return new() { JSONSchemas = schemas };
            default:
                throw new JsonException("JSON schema or array of JSON schemas expected");
        }
    }

    public override void Write(Utf8JsonWriter writer, JSONSchemaPropsOrArray value, JsonSerializerOptions options)
    {
        if (value.JSONSchemas is not { } schemas)
        {
            SchemaUnion.Write(writer, value.Schema ?? new());
            return;
        }

        writer.WriteStartArray();
        foreach (var schema in schemas)
        {
            SchemaUnion.Write(writer, schema);
        }

        writer.WriteEndArray();
    }
}

internal sealed class JSONSchemaPropsOrStringArrayConverter : JsonConverter<JSONSchemaPropsOrStringArray>
{
    public override JSONSchemaPropsOrStringArray Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return new() { Schema = SchemaUnion.Read(ref reader) };
            case JsonTokenType.StartArray:
                var names = new List<string>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    names.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException("string expected"));
                }

                return new() { Property = names };
            default:
                throw new JsonException("JSON schema or array of strings expected");
        }
    }

    public override void Write(Utf8JsonWriter writer, JSONSchemaPropsOrStringArray value, JsonSerializerOptions options)
    {
        if (value.Property is not { } names)
        {
            SchemaUnion.Write(writer, value.Schema ?? new());
            return;
        }

        writer.WriteStartArray();
        foreach (var name in names)
        {
            writer.WriteStringValue(name);
        }

        writer.WriteEndArray();
    }
}

/// <summary>The schema in a value of several shapes.</summary>
internal static class SchemaUnion
{
    public static JSONSchemaProps Read(ref Utf8JsonReader reader) =>
        JsonSerializer.Deserialize(ref reader, KubernetesJson.TypeInfo<JSONSchemaProps>()) ?? throw new JsonException("JSON schema expected");

    public static void Write(Utf8JsonWriter writer, JSONSchemaProps schema) => JsonSerializer.Serialize(writer, schema, KubernetesJson.TypeInfo<JSONSchemaProps>());
}
