using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeAspire.ApiMachinery.Quantities;

/// <summary>A fixed-point number with a suffix, such as <c>500m</c>, <c>64Mi</c> or <c>1.5</c>, kept as it was written.</summary>
[JsonConverter(typeof(Converter))]
public readonly partial record struct Quantity(string Text)
{
    /// <inheritdoc/>
    public override string ToString() => Text ?? "0";

    /// <summary>Reads and writes the JSON form.</summary>
    public sealed class Converter : JsonConverter<Quantity>
    {
        /// <inheritdoc/>
        public override Quantity Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.String => new Quantity(reader.GetString()!),
            JsonTokenType.Number => new Quantity(System.Text.Encoding.UTF8.GetString(reader.ValueSpan)),
            _ => throw new JsonException("expected a quantity"),
        };

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, Quantity value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
