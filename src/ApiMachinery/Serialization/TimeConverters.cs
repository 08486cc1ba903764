using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>meta/v1 Time on the wire: RFC 3339 in UTC, whole seconds, such as <c>2026-11-21T04:00:00Z</c>.</summary>
public sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    /// <summary>How a Time is written.</summary>
    public const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetDateTimeOffset(out var value) ? value.ToUniversalTime() : throw new JsonException($"parsing time \"{reader.GetString()}\": not RFC 3339");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture));
}

/// <summary>meta/v1 MicroTime on the wire: RFC 3339 in UTC with six digits of a second.</summary>
public sealed class MicroTimeConverter : JsonConverter<DateTimeOffset>
{
    /// <summary>How a MicroTime is written.</summary>
    public const string Format = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetDateTimeOffset(out var value) ? value.ToUniversalTime() : throw new JsonException($"parsing time \"{reader.GetString()}\": not RFC 3339");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture));
}
