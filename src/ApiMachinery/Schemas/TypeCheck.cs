using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Schemas;

/// <summary>Finds the first value that has another type than its schema says, and refuses as upstream's decoder refuses.</summary>
public static partial class TypeCheck
{
    private const string TimeLayout = "2006-01-02T15:04:05Z07:00";
    private const string MicroTimeLayout = "2006-01-02T15:04:05.000000Z07:00";

    /// <summary>Checks an object.</summary>
    /// <param name="value">The object. Nulls and unknown fields are passed over.</param>
    /// <param name="schema">Its schema.</param>
    /// <param name="kind">Its kind, for the message.</param>
    /// <returns>A BadRequest, or null where all types fit.</returns>
    public static ApiError? Check(JsonObject value, Schema schema, string kind)
    {
        // Where a problem is, is worked out only if there is one.
        if (Check(value, schema, Place.Untold) is null)
        {
            return null;
        }

        var problem = Check(value, schema, Place.Root);
        var apiVersion = value["apiVersion"].AsString() ?? "";
        var version = apiVersion[(apiVersion.LastIndexOf('/') + 1)..];
        return ApiErrors.BadRequest($"{kind} in version \"{version}\" cannot be handled as a {kind}: {problem}");
    }

    /// <summary>What Go's decoder calls a JSON value.</summary>
    internal static string GoName(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "null",
    };

    /// <summary>Whether a text is a time as RFC 3339 has it.</summary>
    internal static bool IsTime(string text) =>
        Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    // Struct is the Go type that holds the field; the path leaves out list indices and keys, as Go's does.
    private readonly record struct Place(string? Struct, string? Path)
    {
        public static Place Untold => default;

        public static Place Root => new(null, "");

        public Place Below(Schema parent, string name) => Path is null ? this : new(TypeName(parent), Path.Length == 0 ? name : $"{Path}.{name}");
    }

    private static string? Check(JsonNode? value, Schema schema, Place place)
    {
        if (value is null)
        {
            return null;
        }

        switch (schema.Type)
        {
            case SchemaType.Object:
                if (value is not JsonObject parent)
                {
                    return Mismatch(value, schema, place);
                }

                foreach (var (name, child) in parent)
                {
                    if (schema.Properties.TryGetValue(name, out var property) && Check(child, property, place.Below(schema, name)) is { } problem)
                    {
                        return problem;
                    }
                }

                return null;
            case SchemaType.Map:
                return value is JsonObject map ? First(map, schema.Values, place) : Mismatch(value, schema, place);
            case SchemaType.Array:
                return value is JsonArray list ? First(list, schema.Items, place) : Mismatch(value, schema, place);
            default:
                return Scalar(value, schema, place);
        }
    }

    private static string? First(JsonObject map, Schema? schema, Place place)
    {
        for (var i = 0; schema is not null && i < map.Count; i++)
        {
            if (Check(map.GetAt(i).Value, schema, place) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? First(JsonArray list, Schema? schema, Place place)
    {
        for (var i = 0; schema is not null && i < list.Count; i++)
        {
            if (Check(list[i], schema, place) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? Scalar(JsonNode value, Schema schema, Place place)
    {
        var kind = value.GetValueKind();
        switch (schema.Type)
        {
            case SchemaType.Boolean:
                return kind is JsonValueKind.True or JsonValueKind.False ? null : Mismatch(value, schema, place);
            case SchemaType.Integer:
                return Integer(value, schema.Format ?? "int64", place);
            case SchemaType.Number:
                return kind == JsonValueKind.Number ? null : Mismatch(value, schema, place);
            case SchemaType.String:
                return Text(value, kind, schema, place);
            default:
                return null;
        }
    }

    private static string? Integer(JsonNode value, string type, Place place)
    {
        if (value.GetValueKind() != JsonValueKind.Number)
        {
            return Mismatch(GoName(value), type, place);
        }

        return value.AsInt64() is { } number && (type == "int64" || number is >= int.MinValue and <= int.MaxValue)
            ? null : Mismatch($"number {value.ToJsonString()}", type, place);
    }

    private static string? Text(JsonNode value, JsonValueKind kind, Schema schema, Place place)
    {
        switch (schema.Format)
        {
            case "int-or-string":
                return kind == JsonValueKind.String ? null : Integer(value, "int32", place);
            case "quantity":
                var quantity = kind == JsonValueKind.String ? value.AsString()! : value.ToJsonString();
                return Quantity.TryParse(quantity, out _, out var problem) ? null : problem;
        }

        if (kind != JsonValueKind.String)
        {
            return Mismatch(value, schema, place);
        }

        // The text itself is asked for only where it matters: most texts are data that need not be decoded here.
        switch (schema.Format)
        {
            case "byte":
                return Base64Problem(value.AsString()!);
            case "date-time" or "micro-time":
                var text = value.AsString()!;
                var layout = schema.Format == "date-time" ? TimeLayout : MicroTimeLayout;
                return IsTime(text) ? null : $"parsing time \"{text}\" as \"{layout}\": cannot parse \"{text}\" as \"2006\"";
            default:
                return null;
        }
    }

    private static string? Base64Problem(string text)
    {
        var bare = text.Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
        if (Base64.IsValid(bare) && !bare.Any(char.IsWhiteSpace))
        {
            return null;
        }

        var at = bare.AsSpan().IndexOfAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".AsSpan());
        return $"illegal base64 data at input byte {(at < 0 ? bare.Length / 4 * 4 : at)}";
    }

    private static string Mismatch(JsonNode value, Schema schema, Place place) => Mismatch(GoName(value), GoType(schema), place);

    private static string Mismatch(string what, string type, Place place) =>
        place.Struct is null
            ? $"json: cannot unmarshal {what} into Go value of type {type}"
            : $"json: cannot unmarshal {what} into Go struct field {place.Struct}.{place.Path} of type {type}";

    private static string GoType(Schema schema) => schema.Type switch
    {
        SchemaType.Array => "[]" + GoType(schema.Items!),
        SchemaType.Map => "map[string]" + GoType(schema.Values!),
        SchemaType.Object => Qualified(schema),
        SchemaType.Boolean => "bool",
        SchemaType.Integer => schema.Format ?? "int64",
        SchemaType.Number => "float64",
        SchemaType.String => schema.Format == "byte" ? "[]uint8" : "string",
        _ => "interface {}",
    };

    private static string? TypeName(Schema schema) => (schema.Name ?? schema.Reference?.Name) is { } name ? name[(name.LastIndexOf('.') + 1)..] : "";

    // io.k8s.api.apps.v1.DeploymentSpec is v1.DeploymentSpec to Go.
    private static string Qualified(Schema schema) =>
        (schema.Name ?? schema.Reference?.Name)?.Split('.') is [.., var package, var name] ? $"{package}.{name}" : "map[string]interface {}";

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
