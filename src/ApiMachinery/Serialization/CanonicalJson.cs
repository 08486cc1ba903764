using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>
/// The one encoded form of an object: UTF-8 JSON without white space or nulls, apiVersion, kind and metadata first, and an empty
/// <c>metadata.resourceVersion</c> that the store fills when it commits.
/// </summary>
public static class CanonicalJson
{
    private static readonly JsonWriterOptions s_writer = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = JsonTree.MaximumDepth * 2, SkipValidation = true,
    };

    private static readonly JsonDocumentOptions s_reader = new() { MaxDepth = JsonTree.MaximumDepth * 2 };

    private static readonly JsonEncodedText s_resourceVersion = JsonEncodedText.Encode("resourceVersion");

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? t_writer;

    /// <summary>Encodes an object.</summary>
    /// <param name="value">The object.</param>
    /// <param name="nulls">Whether null properties are kept: of a custom resource, whose schema may say that null is a value.</param>
    /// <returns>The bytes, and the offset between the quotes of <c>"resourceVersion":""</c>.</returns>
    public static (byte[] Json, int RevisionAt) Encode(JsonObject value, bool nulls = false)
    {
        var buffer = t_buffer ??= new ArrayBufferWriter<byte>(4096);
        buffer.ResetWrittenCount();
        var writer = t_writer ??= new Utf8JsonWriter(buffer, s_writer);
        writer.Reset(buffer);
        writer.WriteStartObject();
        Property(writer, "apiVersion", value["apiVersion"]);
        Property(writer, "kind", value["kind"]);

        writer.WriteStartObject("metadata");
        writer.WriteString(s_resourceVersion, "");
        writer.Flush();
        var revisionAt = buffer.WrittenCount - 1;
        if (value["metadata"] is JsonObject metadata)
        {
            foreach (var (name, child) in metadata)
            {
                if (name != "resourceVersion")
                {
                    Property(writer, name, child);
                }
            }
        }

        writer.WriteEndObject();
        foreach (var (name, child) in value)
        {
            if (name is not ("apiVersion" or "kind" or "metadata"))
            {
                Property(writer, name, child, nulls);
            }
        }

        writer.WriteEndObject();
        writer.Flush();
        var json = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity > LargestKeptBuffer)
        {
            (t_buffer, t_writer) = (null, null);
        }

        return (json, revisionAt);
    }

    /// <summary>Encodes any value in the same style: no white space, no null properties, order as it is.</summary>
    public static byte[] EncodeValue(JsonNode? value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, s_writer))
        {
            Value(writer, value);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Decodes an object that <see cref="Encode"/> wrote.</summary>
    /// <exception cref="JsonException">The bytes are no JSON object.</exception>
    public static JsonObject Parse(ReadOnlySpan<byte> json) =>
        JsonNode.Parse(json, documentOptions: s_reader) as JsonObject ?? throw new JsonException("not a JSON object");

    /// <summary>A buffer kept between calls is at most this large. 256 KiB.</summary>
    private const int LargestKeptBuffer = 256 << 10;

    private static void Property(Utf8JsonWriter writer, string name, JsonNode? value, bool nulls = false)
    {
        if (nulls || value is not null)
        {
            writer.WritePropertyName(name);
            Value(writer, value, nulls);
        }
    }

    private static void Value(Utf8JsonWriter writer, JsonNode? value, bool nulls = false)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject parent:
                writer.WriteStartObject();
                foreach (var (name, child) in parent)
                {
                    Property(writer, name, child, nulls);
                }

                writer.WriteEndObject();
                break;
            case JsonArray array:
                writer.WriteStartArray();
                foreach (var item in array)
                {
                    Value(writer, item, nulls);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
