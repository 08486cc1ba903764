using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Reads Kubernetes' protobuf, directed by the schema that directs everything else.</summary>
/// <remarks>
/// Upstream's encoder writes every field that is no pointer, zero or not, and a pointer only where it is set; its JSON encoder leaves out
/// zeros marked omitempty. So a zero on the wire is kept where the property is required or a <see cref="Schema.Pointer"/>, and dropped
/// otherwise; messages are kept even when empty, as upstream's JSON shows them (<c>resources: {}</c>). Unknown fields are skipped.
/// </remarks>
public static class ProtobufReader
{
    /// <summary>What every message begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>Messages inside messages. 200: above any real object, below what the stack holds.</summary>
    public const int MaximumDepth = 200;

    /// <summary>Reads an envelope and the object in it.</summary>
    public static ApiResult<JsonObject> Read(ReadOnlySpan<byte> body, Func<string, string, Schema?> schemas)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        var result = BodyDecoder.Decode(body.ToArray(), BodyFormat.Protobuf, schemas);
        return result.Succeeded ? result.Value.Value : result.Error;
    }

    /// <summary>The parts of runtime.Unknown.</summary>
    internal ref struct Envelope
    {
        public string ApiVersion;
        public string Kind;
        public ReadOnlySpan<byte> Raw;
    }

    /// <exception cref="ProtobufException">The bytes are no envelope.</exception>
    internal static Envelope ReadEnvelope(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
        {
            throw new ProtobufException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        var envelope = new Envelope { ApiVersion = "", Kind = "" };
        var cursor = new ProtobufCursor(body[Magic.Length..]);
        while (cursor.Next(out var number, out var wire))
        {
            switch (number)
            {
                case 1:
                    var type = new ProtobufCursor(cursor.Bytes(number, wire));
                    while (type.Next(out var inner, out var innerWire))
                    {
                        switch (inner)
                        {
                            case 1: envelope.ApiVersion = type.Text(inner, innerWire); break;
                            case 2: envelope.Kind = type.Text(inner, innerWire); break;
                            default: type.Skip(innerWire); break;
                        }
                    }

                    break;
                case 2:
                    envelope.Raw = cursor.Bytes(number, wire);
                    break;
                case 3 when cursor.Text(number, wire).Length > 0:
                    throw new ProtobufException("unable to decode a message with a content encoding");
                case 4 when cursor.Text(number, wire) is { Length: > 0 } media && !media.StartsWith("application/vnd.kubernetes.protobuf", StringComparison.Ordinal):
                    throw new ProtobufException($"unable to decode a message of type {media}");
                case 3 or 4:
                    break;
                default:
                    cursor.Skip(wire);
                    break;
            }
        }

        return envelope;
    }

    /// <summary>Reads a message as the object that a schema describes.</summary>
    /// <exception cref="ProtobufException">The bytes are no such message.</exception>
    internal static JsonObject ReadMessage(ReadOnlySpan<byte> message, Schema schema)
    {
        var result = new JsonObject();
        Read(message, WireMap.Of(schema), result, 0);
        return result;
    }

    private static void Read(ReadOnlySpan<byte> message, WireMap map, JsonObject into, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new ProtobufException("exceeded max depth");
        }

        var cursor = new ProtobufCursor(message);
        while (cursor.Next(out var number, out var wire))
        {
            if (!map.Fields.TryGetValue(number, out var field))
            {
                cursor.Skip(wire);
            }
            else if (field.Embedded is { } embedded)
            {
                Read(cursor.Bytes(number, wire), embedded, into, depth + 1);
            }
            else
            {
                Property(ref cursor, number, wire, field, into, depth);
            }
        }
    }

    private static void Property(ref ProtobufCursor cursor, int number, int wire, WireField field, JsonObject into, int depth)
    {
        var schema = field.Schema!;
        switch (schema.Type)
        {
            case SchemaType.Array:
                if (into[field.Name] is not JsonArray list)
                {
                    into[field.Name] = list = [];
                }

                Items(ref cursor, number, wire, schema.Items!, list, depth);
                break;
            case SchemaType.Map:
                if (into[field.Name] is not JsonObject entries)
                {
                    into[field.Name] = entries = [];
                }

                Entry(cursor.Bytes(number, wire), schema.Values!, entries, depth + 1);
                break;
            default:
                // A message that comes in two parts is merged, as protobuf demands.
                var existing = schema.Type == SchemaType.Object ? into[field.Name] as JsonObject : null;
                var value = Value(ref cursor, number, wire, schema, depth, existing, out var isZero);
                if (isZero && !schema.Required && !schema.Pointer)
                {
                    into.Remove(field.Name);
                }
                else if (value is not null && !ReferenceEquals(value, existing))
                {
                    into[field.Name] = value;
                }

                break;
        }
    }

    private static void Items(ref ProtobufCursor cursor, int number, int wire, Schema items, JsonArray list, int depth)
    {
        if (wire == ProtobufCursor.Length && items.Type is SchemaType.Integer or SchemaType.Boolean && wire == ProtobufCursor.Length)
        {
            var packed = new ProtobufCursor(cursor.Bytes(number, wire));
            while (packed.More)
            {
                list.Add(items.Type == SchemaType.Boolean ? JsonValue.Create(packed.Varint() != 0) : Integer(packed.Varint(), items));
            }

            return;
        }

        list.Add(Value(ref cursor, number, wire, items, depth, null, out _) ?? JsonValue.Create(""));
    }

    private static void Entry(ReadOnlySpan<byte> entry, Schema values, JsonObject into, int depth)
    {
        var key = "";
        JsonNode? value = null;
        var cursor = new ProtobufCursor(entry);
        while (cursor.Next(out var number, out var wire))
        {
            switch (number)
            {
                case 1:
                    key = cursor.Text(number, wire);
                    break;
                case 2:
                    value = Value(ref cursor, number, wire, values, depth, null, out _);
                    break;
                default:
                    cursor.Skip(wire);
                    break;
            }
        }

        into[key] = value ?? Zero(values);
    }

    private static JsonNode Zero(Schema schema) => schema.Type switch
    {
        SchemaType.Object or SchemaType.Map or SchemaType.Any => new JsonObject(),
        SchemaType.Array => new JsonArray(),
        SchemaType.Integer or SchemaType.Number => JsonScalars.Number(0),
        SchemaType.Boolean => JsonValue.Create(false),
        _ => JsonValue.Create(schema.Format == "quantity" ? "0" : ""),
    };

    private static JsonNode? Value(ref ProtobufCursor cursor, int number, int wire, Schema schema, int depth, JsonObject? existing, out bool isZero)
    {
        isZero = false;
        switch (schema.Type)
        {
            case SchemaType.Object:
                var child = existing ?? [];
                Read(cursor.Bytes(number, wire), WireMap.Of(schema), child, depth + 1);
                return child;
            case SchemaType.Array:
                // The value of a map or list cannot repeat, so a list there is a message that holds one.
                var list = new JsonArray();
                var inner = new ProtobufCursor(cursor.Bytes(number, wire));
                while (inner.Next(out var itemNumber, out var itemWire))
                {
                    Items(ref inner, itemNumber, itemWire, schema.Items!, list, depth + 1);
                }

                return list;
            case SchemaType.Integer:
                var integer = cursor.Varint(number, wire);
                isZero = integer == 0;
                return Integer(integer, schema);
            case SchemaType.Boolean:
                var boolean = cursor.Varint(number, wire);
                isZero = boolean == 0;
                return JsonValue.Create(boolean != 0);
            case SchemaType.Number:
                var real = cursor.Double(number, wire);
                isZero = real == 0;
                return double.IsFinite(real) ? JsonScalars.Number(real) : throw new ProtobufException("a number is not finite");
            case SchemaType.Any when SchemaUnion.Of(schema) is { } union:
                return Union(cursor.Bytes(number, wire), schema, union, depth);
            case SchemaType.Any:
                return Json(Inner(cursor.Bytes(number, wire)), out isZero);
            case SchemaType.Map:
                throw new ProtobufException($"field {number} is a map of maps");
            default:
                return Text(ref cursor, number, wire, schema, out isZero);
        }
    }

    private static JsonNode Union(ReadOnlySpan<byte> message, Schema schema, SchemaUnion union, int depth)
    {
        JsonObject? definition = null;
        var (allowed, list) = (false, new JsonArray());
        var cursor = new ProtobufCursor(message);
        while (cursor.Next(out var number, out var wire))
        {
            if (number == union.Schema)
            {
                definition ??= [];
                Read(cursor.Bytes(number, wire), WireMap.Of(schema.Items!), definition, depth + 1);
            }
            else if (number != union.Other)
            {
                cursor.Skip(wire);
            }
            else if (union.IsBoolean)
            {
                allowed = cursor.Varint(number, wire) != 0;
            }
            else if (union.IsTexts)
            {
                list.Add(cursor.Text(number, wire));
            }
            else
            {
                var item = new JsonObject();
                Read(cursor.Bytes(number, wire), WireMap.Of(schema.Items!), item, depth + 1);
                list.Add(item);
            }
        }

        return definition ?? (union.IsBoolean ? JsonValue.Create(allowed) : (JsonNode)list);
    }

    private static JsonValue? Text(ref ProtobufCursor cursor, int number, int wire, Schema schema, out bool isZero)
    {
        switch (schema.Format)
        {
            case "byte":
                var bytes = cursor.Bytes(number, wire);
                isZero = bytes.IsEmpty;
                return JsonValue.Create(Convert.ToBase64String(bytes));
            case "date-time":
                return Time(cursor.Bytes(number, wire), TimeConverter.Format, out isZero);
            case "micro-time":
                return Time(cursor.Bytes(number, wire), MicroTimeConverter.Format, out isZero);
            case "quantity":
                isZero = false;
                var quantity = Encoding.UTF8.GetString(Inner(cursor.Bytes(number, wire)));
                return JsonValue.Create(quantity.Length == 0 ? "0" : quantity);
            case "int-or-string":
                return IntOrString(cursor.Bytes(number, wire), out isZero);
            default:
                var text = cursor.Text(number, wire);
                isZero = text.Length == 0;
                return JsonValue.Create(text);
        }
    }

    // RawExtension, FieldsV1, JSON and Quantity are messages of one field.
    private static ReadOnlySpan<byte> Inner(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> found = [];
        var cursor = new ProtobufCursor(message);
        while (cursor.Next(out var number, out var wire))
        {
            if (number == 1)
            {
                found = cursor.Bytes(number, wire);
            }
            else
            {
                cursor.Skip(wire);
            }
        }

        return found;
    }

    private static JsonNode? Json(ReadOnlySpan<byte> json, out bool isZero)
    {
        isZero = json.IsEmpty;
        if (isZero)
        {
            return null;
        }

        try
        {
            return JsonTree.Parse(json, null);
        }
        catch (JsonException e)
        {
            throw new ProtobufException(e.Message);
        }
    }

    private static JsonValue Integer(ulong varint, Schema schema) => JsonScalars.Number(schema.Format == "int64" ? (long)varint : (int)varint);

    private static JsonValue? Time(ReadOnlySpan<byte> message, string format, out bool isZero)
    {
        long seconds = 0, nanos = 0;
        isZero = message.IsEmpty;
        if (isZero)
        {
            return null;
        }

        var cursor = new ProtobufCursor(message);
        while (cursor.Next(out var number, out var wire))
        {
            switch (number)
            {
                case 1: seconds = (long)cursor.Varint(number, wire); break;
                case 2: nanos = (int)cursor.Varint(number, wire); break;
                default: cursor.Skip(wire); break;
            }
        }

        if (seconds < DateTimeOffset.MinValue.ToUnixTimeSeconds() || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds() || nanos is < 0 or > 999_999_999)
        {
            throw new ProtobufException("a time is out of range");
        }

        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / TimeSpan.NanosecondsPerTick);
        return JsonValue.Create(time.UtcDateTime.ToString(format, CultureInfo.InvariantCulture));
    }

    private static JsonValue IntOrString(ReadOnlySpan<byte> message, out bool isZero)
    {
        var isText = false;
        var integer = 0;
        var text = "";
        var cursor = new ProtobufCursor(message);
        while (cursor.Next(out var number, out var wire))
        {
            switch (number)
            {
                case 1: isText = cursor.Varint(number, wire) == 1; break;
                case 2: integer = (int)cursor.Varint(number, wire); break;
                case 3: text = cursor.Text(number, wire); break;
                default: cursor.Skip(wire); break;
            }
        }

        isZero = isText ? text.Length == 0 : integer == 0;
        return isText ? JsonValue.Create(text) : JsonScalars.Number(integer);
    }
}
