using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>A value as a printer column shows it.</summary>
/// <remarks>apiextensions-apiserver pkg/registry/customresource/tableconvertor.</remarks>
internal static class PrinterCell
{
    public static object? Of(JsonNode value, string type, DateTimeOffset now)
    {
        var kind = value.GetValueKind();
        return type switch
        {
            "string" => Text(value, kind),
            "integer" when kind == JsonValueKind.Number => value.AsInt64() ?? Truncated(JsonNumber.Of(value).Real),
            "number" when kind == JsonValueKind.Number => JsonNumber.Of(value).Real,
            "boolean" when kind is JsonValueKind.True or JsonValueKind.False => kind == JsonValueKind.True,
            "date" when kind == JsonValueKind.String => Age(value.GetValue<string>(), now),
            _ => null,
        };
    }

    private static string Text(JsonNode value, JsonValueKind kind) => kind switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.Number => JsonNumber.Of(value).ToString(),
        _ => System.Text.Encoding.UTF8.GetString(CanonicalJson.EncodeValue(value)),
    };

    private static long? Truncated(double number) => double.Abs(number) < long.MaxValue ? (long)number : null;

    private static string Age(string text, DateTimeOffset now) => text switch
    {
        "" or "null" => "<unknown>",
        _ when Formats.IsDateTime(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) => TableCells.HumanDuration(now - since),
        _ => "<invalid>",
    };
}
