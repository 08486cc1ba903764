using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeAspire.ApiMachinery.Meta;

/// <summary>A number or a string, such as a port by number or by name, or 2 or 25%.</summary>
[JsonConverter(typeof(Converter))]
public readonly record struct IntOrString
{
    private readonly string? _text;
    private readonly int _number;

    /// <summary>A number.</summary>
    public IntOrString(int number) => _number = number;

    /// <summary>A string.</summary>
    public IntOrString(string text) => _text = text;

    /// <summary>Whether this is the number form.</summary>
    public bool IsInt => _text is null;

    /// <summary>The number; zero in the string form.</summary>
    public int Number => _number;

    /// <summary>The string; null in the number form.</summary>
    public string? Text => _text;

    public static implicit operator IntOrString(int number) => new(number);

    public static implicit operator IntOrString(string text) => new(text);

    /// <summary>Reads a share: a number as it is, <c>25%</c> of <paramref name="total"/> rounded up or down.</summary>
    /// <returns>The share, or null where the string is not a percentage.</returns>
    /// <remarks>Upstream's <c>GetScaledValueFromIntOrPercent</c>.</remarks>
    public int? ScaledTo(int total, bool roundUp)
    {
        if (IsInt)
        {
            return _number;
        }

        if (!_text!.EndsWith('%') || !int.TryParse(_text.AsSpan(0, _text.Length - 1), out var percent))
        {
            return null;
        }

        var exact = (double)percent * total / 100;
        return (int)(roundUp ? Math.Ceiling(exact) : Math.Floor(exact));
    }

    /// <inheritdoc/>
    public override string ToString() => _text ?? _number.ToString();

    /// <summary>Reads and writes the JSON form.</summary>
    public sealed class Converter : JsonConverter<IntOrString>
    {
        /// <inheritdoc/>
        public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType switch
            {
                JsonTokenType.Number => new IntOrString(reader.GetInt32()),
                JsonTokenType.String => new IntOrString(reader.GetString()!),
                _ => throw new JsonException("expected a number or a string"),
            };

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
        {
            if (value.IsInt)
            {
                writer.WriteNumberValue(value.Number);
            }
            else
            {
                writer.WriteStringValue(value.Text);
            }
        }
    }
}
