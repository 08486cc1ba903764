using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Reads and makes scalars of a JSON tree without regard to how the tree came about (parsed, or built from CLR values).</summary>
public static class JsonScalars
{
    // Small numbers are the common ones (ports apart); an element is immutable and can stand behind many nodes.
    private static readonly JsonElement[] s_small = [.. Enumerable.Range(0, 256).Select(n => Element(n.ToString()))];

    /// <summary>A whole number that <c>GetValue</c> yields as int, long or double alike.</summary>
    public static JsonValue Number(long value) =>
        JsonValue.Create(value is >= 0 and < 256 ? s_small[value] : Element(value.ToString()))!;

    /// <summary>A number, written as JSON writes it.</summary>
    public static JsonValue Number(double value) => JsonValue.Create(JsonSerializer.SerializeToElement(value))!;

    /// <summary>The string, or null where the node is absent or no string.</summary>
    public static string? AsString(this JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>Whether the node is the empty string. Does not decode a longer one to tell.</summary>
    public static bool IsEmptyString(this JsonNode? node) =>
        node is JsonValue value && (value.TryGetValue<JsonElement>(out var element) ? element.ValueKind == JsonValueKind.String && element.ValueEquals(""u8) : value.AsString() is "");

    /// <summary>The whole number, or null where the node is absent, no number, or out of range.</summary>
    public static long? AsInt64(this JsonNode? node)
    {
        if (node is not JsonValue value)
        {
            return null;
        }

        if (value.TryGetValue<long>(out var number))
        {
            return number;
        }

        if (value.TryGetValue<int>(out var small))
        {
            return small;
        }

        return value.GetValueKind() == JsonValueKind.Number && long.TryParse(value.ToJsonString(), out var parsed) ? parsed : null;
    }

    /// <summary>The boolean, or null where the node is absent or no boolean.</summary>
    public static bool? AsBoolean(this JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>The node below a chain of properties, or null where one is absent or no object.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (node is not JsonObject parent || !parent.TryGetPropertyValue(name, out node))
            {
                return null;
            }
        }

        return node;
    }

    private static JsonElement Element(string json) => JsonElement.Parse(Encoding.ASCII.GetBytes(json));
}
