using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>
/// Turns an object's stored JSON into Kubernetes' protobuf, directed by the schema, in one pass over the bytes: no tree, no record.
/// What a client reads is what <see cref="ProtobufWriter"/> would have written.
/// </summary>
/// <remarks>
/// Fields come in the order of the JSON, which protobuf allows. Properties of one embedded message (<c>Volume.volumeSource</c>) come as
/// several such messages, which a reader merges, as protobuf demands. Properties that the schema does not number are left out.
/// </remarks>
public static class ProtobufTranscoder
{
    private const int MaximumName = 128; // characters of a property's name; no schema has a longer one

    private static readonly JsonReaderOptions s_options = new() { MaxDepth = JsonTree.MaximumDepth * 2 };

    /// <summary>Writes an object in its envelope: magic, runtime.Unknown with type and message.</summary>
    /// <exception cref="FormatException">A value is not of the type that the schema says.</exception>
    public static void WriteObject(ReadOnlySpan<byte> json, Schema schema, string apiVersion, string kind, ProtobufBuffer output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var raw = BeginEnvelope(apiVersion, kind, output);
        WriteMessage(json, schema, output);
        EndEnvelope(raw, output);
    }

    /// <summary>Begins an envelope; the message follows.</summary>
    public static int BeginEnvelope(string apiVersion, string kind, ProtobufBuffer output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Raw(ProtobufReader.Magic);
        var type = output.Begin(1);
        Text(output, 1, apiVersion);
        Text(output, 2, kind);
        output.End(type);
        return output.Begin(2);
    }

    /// <summary>Ends an envelope.</summary>
    public static void EndEnvelope(int raw, ProtobufBuffer output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.End(raw);
        output.Bytes(3, []); // content encoding and content type, always there in upstream's
        output.Bytes(4, []);
    }

    /// <summary>Writes the message of an object, without envelope.</summary>
    /// <exception cref="FormatException">A value is not of the type that the schema says.</exception>
    public static void WriteMessage(ReadOnlySpan<byte> json, Schema schema, ProtobufBuffer output)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(output);
        var reader = new Utf8JsonReader(json, s_options);
        reader.Read();
        try
        {
            Object(ref reader, json, schema, output);
        }
        catch (InvalidOperationException wrong)
        {
            throw new FormatException($"the object is no {schema}: {wrong.Message}", wrong);
        }
    }

    /// <summary>Writes a text field.</summary>
    public static void Text(ProtobufBuffer output, int number, string value)
    {
        ArgumentNullException.ThrowIfNull(output);
        var start = output.Begin(number);
        Encoding.UTF8.GetBytes(value, output.Reserve(Encoding.UTF8.GetByteCount(value)));
        output.End(start);
    }

    private static void Object(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Schema schema, ProtobufBuffer output)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, ref reader, schema);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var property = Find(ref reader, schema);
            reader.Read();
            if (property is null || property.WirePath.Count == 0 || reader.TokenType == JsonTokenType.Null)
            {
                reader.Skip();
            }
            else
            {
                Property(ref reader, json, property, 0, output);
            }
        }
    }

    private static Schema? Find(ref Utf8JsonReader reader, Schema schema)
    {
        var name = reader.ValueSpan;
        if (name.Length > MaximumName || reader.ValueIsEscaped)
        {
            return null;
        }

        Span<char> characters = stackalloc char[MaximumName];
        var length = Encoding.UTF8.GetChars(name, characters);
        return schema.Properties.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(characters[..length], out var found) ? found : null;
    }

    private static void Property(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Schema schema, int level, ProtobufBuffer output)
    {
        var number = schema.WirePath[level];
        if (level < schema.WirePath.Count - 1)
        {
            var embedded = output.Begin(number);
            Property(ref reader, json, schema, level + 1, output);
            output.End(embedded);
            return;
        }

        switch (schema.Type)
        {
            case SchemaType.Array:
                Items(ref reader, json, schema, number, output);
                break;
            case SchemaType.Map:
                Entries(ref reader, json, schema, number, output);
                break;
            default:
                Value(ref reader, json, schema, number, output);
                break;
        }
    }

    private static void Items(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Schema schema, int number, ProtobufBuffer output)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, ref reader, schema);
        var items = schema.Items!;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Value(ref reader, json, items, number, output);
        }
    }

    private static void Entries(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Schema schema, int number, ProtobufBuffer output)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, ref reader, schema);
        var values = schema.Values!;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var entry = output.Begin(number);
            Copy(ref reader, 1, output);
            reader.Read();
            Value(ref reader, json, values, 2, output);
            output.End(entry);
        }
    }

    private static void Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Schema schema, int number, ProtobufBuffer output)
    {
        switch (schema.Type)
        {
            case SchemaType.Object:
                var message = output.Begin(number);
                if (reader.TokenType != JsonTokenType.Null)
                {
                    Object(ref reader, json, schema, output);
                }

                output.End(message);
                break;
            case SchemaType.Array: // As the value of a map or of a list, which cannot repeat: a message that holds the items.
                var list = output.Begin(number);
                if (reader.TokenType != JsonTokenType.Null)
                {
                    Items(ref reader, json, schema, 1, output);
                }

                output.End(list);
                break;
            case SchemaType.Integer:
                output.Varint(number, (ulong)reader.GetInt64());
                break;
            case SchemaType.Boolean:
                output.Varint(number, reader.GetBoolean() ? 1u : 0u);
                break;
            case SchemaType.Number:
                output.Double(number, reader.GetDouble());
                break;
            case SchemaType.Any when SchemaUnion.Of(schema) is { } union:
                var shapes = output.Begin(number);
                Union(ref reader, json, schema, union, output);
                output.End(shapes);
                break;
            case SchemaType.Any:
                var any = output.Begin(number);
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                output.Bytes(1, json[start..(int)reader.BytesConsumed]);
                output.End(any);
                break;
            default:
                Scalar(ref reader, schema, number, output);
                break;
        }
    }

    private static void Union(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Schema schema, SchemaUnion union, ProtobufBuffer output)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                if (union.IsBoolean)
                {
                    output.Varint(union.Other, 1);
                }

                Value(ref reader, json, schema.Items!, union.Schema, output);
                break;
            case JsonTokenType.StartArray when !union.IsBoolean:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (union.IsTexts)
                    {
                        Copy(ref reader, union.Other, output);
                    }
                    else
                    {
                        Value(ref reader, json, schema.Items!, union.Other, output);
                    }
                }

                break;
            case JsonTokenType.True or JsonTokenType.False when union.IsBoolean:
                output.Varint(union.Other, reader.GetBoolean() ? 1u : 0u);
                break;
            default:
                Expect(false, ref reader, schema);
                break;
        }
    }

    private static void Scalar(ref Utf8JsonReader reader, Schema schema, int number, ProtobufBuffer output)
    {
        switch (schema.Format)
        {
            case "byte":
                Base64(ref reader, number, output);
                break;
            case "date-time" or "micro-time":
                var time = reader.TryGetDateTimeOffset(out var found)
                    ? found : DateTimeOffset.Parse(reader.GetString() ?? "", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
                var instant = output.Begin(number);
                output.Varint(1, (ulong)time.ToUnixTimeSeconds());
                output.Varint(2, (ulong)(time.UtcTicks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick));
                output.End(instant);
                break;
            case "quantity":
                var quantity = output.Begin(number);
                if (reader.TokenType == JsonTokenType.Number)
                {
                    output.Bytes(1, reader.ValueSpan);
                }
                else
                {
                    Copy(ref reader, 1, output);
                }

                output.End(quantity);
                break;
            case "int-or-string":
                var either = output.Begin(number);
                var isNumber = reader.TokenType == JsonTokenType.Number;
                output.Varint(1, isNumber ? 0u : 1u);
                output.Varint(2, isNumber ? (ulong)reader.GetInt64() : 0);
                if (isNumber)
                {
                    output.Bytes(3, []);
                }
                else
                {
                    Copy(ref reader, 3, output);
                }

                output.End(either);
                break;
            default:
                Copy(ref reader, number, output);
                break;
        }
    }

    // A text or a property's name, unescaped where it must be.
    private static void Copy(ref Utf8JsonReader reader, int number, ProtobufBuffer output)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            throw new FormatException($"a text was expected, not {reader.TokenType}");
        }

        if (!reader.ValueIsEscaped)
        {
            output.Bytes(number, reader.ValueSpan);
            return;
        }

        var start = output.Begin(number);
        var most = reader.ValueSpan.Length;
        output.Shrink(most - reader.CopyString(output.Reserve(most)));
        output.End(start);
    }

    private static void Base64(ref Utf8JsonReader reader, int number, ProtobufBuffer output)
    {
        if (reader.ValueIsEscaped)
        {
            output.Bytes(number, reader.GetBytesFromBase64());
            return;
        }

        var text = reader.ValueSpan;
        var most = System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(text.Length);
        var start = output.Begin(number);
        if (System.Buffers.Text.Base64.DecodeFromUtf8(text, output.Reserve(most), out _, out var written) != OperationStatus.Done)
        {
            throw new FormatException("a base64 text was expected");
        }

        output.Shrink(most - written);
        output.End(start);
    }

    private static void Expect(bool holds, ref Utf8JsonReader reader, Schema schema)
    {
        if (!holds)
        {
            throw new FormatException($"{schema} was expected, not {reader.TokenType}");
        }
    }
}
