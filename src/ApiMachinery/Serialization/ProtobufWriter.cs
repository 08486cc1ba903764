using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Writes Kubernetes' protobuf, directed by the schema: the counterpart of <see cref="ProtobufReader"/>.</summary>
public static class ProtobufWriter
{
    /// <summary>Encodes an object in its envelope. Properties that the schema does not number are left out.</summary>
    /// <exception cref="FormatException">A value is not of the type that the schema says; see TypeCheck.</exception>
    public static byte[] Write(JsonObject value, Schema schema)
    {
        var type = new Buffer();
        type.Text(1, value["apiVersion"].AsString() ?? "");
        type.Text(2, value["kind"].AsString() ?? "");
        var envelope = new Buffer();
        envelope.Raw(ProtobufReader.Magic);
        envelope.Message(1, type);
        envelope.Message(2, Message(value, WireMap.Of(schema)));
        envelope.Text(3, "");
        envelope.Text(4, "");
        return envelope.ToArray();
    }

    private static Buffer Message(JsonObject value, WireMap map)
    {
        var buffer = new Buffer();
        foreach (var (number, field) in map.Fields)
        {
            if (field.Embedded is { } embedded)
            {
                var inner = Message(value, embedded);
                if (inner.Count > 0)
                {
                    buffer.Message(number, inner);
                }
            }
            else if (value[field.Name] is { } node)
            {
                Property(buffer, number, node, field.Schema!);
            }
        }

        return buffer;
    }

    private static void Property(Buffer buffer, int number, JsonNode node, Schema schema)
    {
        switch (schema.Type)
        {
            case SchemaType.Array:
                foreach (var item in Expect<JsonArray>(node))
                {
                    Value(buffer, number, item, schema.Items!);
                }

                break;
            case SchemaType.Map:
                foreach (var (key, value) in Expect<JsonObject>(node).OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    var entry = new Buffer();
                    entry.Text(1, key);
                    Value(entry, 2, value, schema.Values!);
                    buffer.Message(number, entry);
                }

                break;
            default:
                Value(buffer, number, node, schema);
                break;
        }
    }

    private static void Value(Buffer buffer, int number, JsonNode? node, Schema schema)
    {
        switch (schema.Type)
        {
            case SchemaType.Object:
                buffer.Message(number, node is null ? new Buffer() : Message(Expect<JsonObject>(node), WireMap.Of(schema)));
                break;
            case SchemaType.Array:
                var list = new Buffer();
                foreach (var item in node is null ? [] : Expect<JsonArray>(node))
                {
                    Value(list, 1, item, schema.Items!);
                }

                buffer.Message(number, list);
                break;
            case SchemaType.Integer:
                buffer.Varint(number, (ulong)(node.AsInt64() ?? throw Wrong(node, schema)));
                break;
            case SchemaType.Boolean:
                buffer.Varint(number, (node.AsBoolean() ?? throw Wrong(node, schema)) ? 1u : 0u);
                break;
            case SchemaType.Number:
                buffer.Double(number, double.Parse(node?.ToJsonString() ?? throw Wrong(node, schema), CultureInfo.InvariantCulture));
                break;
            case SchemaType.Any when SchemaUnion.Of(schema) is { } union:
                buffer.Message(number, Union(node, schema, union));
                break;
            case SchemaType.Any:
                var raw = new Buffer();
                raw.Bytes(1, node is null ? "null"u8 : Encoding.UTF8.GetBytes(node.ToJsonString()));
                buffer.Message(number, raw);
                break;
            default:
                Text(buffer, number, node, schema);
                break;
        }
    }

    private static Buffer Union(JsonNode? node, Schema schema, SchemaUnion union)
    {
        var buffer = new Buffer();
        switch (node)
        {
            case JsonObject value:
                if (union.IsBoolean)
                {
                    buffer.Varint(union.Other, 1);
                }

                buffer.Message(union.Schema, Message(value, WireMap.Of(schema.Items!)));
                break;
            case JsonArray list when !union.IsBoolean:
                foreach (var item in list)
                {
                    if (union.IsTexts)
                    {
                        buffer.Text(union.Other, item.AsString() ?? throw Wrong(item, schema));
                    }
                    else
                    {
                        Value(buffer, union.Other, item, schema.Items!);
                    }
                }

                break;
            default:
                buffer.Varint(union.Other, union.IsBoolean && node.AsBoolean() is { } allowed ? (allowed ? 1u : 0u) : throw Wrong(node, schema));
                break;
        }

        return buffer;
    }

    private static void Text(Buffer buffer, int number, JsonNode? node, Schema schema)
    {
        var inner = new Buffer();
        switch (schema.Format)
        {
            case "byte":
                buffer.Bytes(number, Convert.FromBase64String(node.AsString() ?? throw Wrong(node, schema)));
                break;
            case "date-time" or "micro-time":
                var time = DateTimeOffset.Parse(node.AsString() ?? throw Wrong(node, schema), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
                inner.Varint(1, (ulong)time.ToUnixTimeSeconds());
                inner.Varint(2, (ulong)(time.UtcTicks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick));
                buffer.Message(number, inner);
                break;
            case "quantity":
                inner.Text(1, node.AsString() ?? node?.ToJsonString() ?? throw Wrong(node, schema));
                buffer.Message(number, inner);
                break;
            case "int-or-string":
                var text = node.AsString();
                inner.Varint(1, text is null ? 0u : 1u);
                inner.Varint(2, text is null ? (ulong)(node.AsInt64() ?? throw Wrong(node, schema)) : 0);
                inner.Text(3, text ?? "");
                buffer.Message(number, inner);
                break;
            default:
                buffer.Text(number, node.AsString() ?? throw Wrong(node, schema));
                break;
        }
    }

    private static T Expect<T>(JsonNode node)
        where T : JsonNode => node as T ?? throw new FormatException($"{node.GetPath()} is no {typeof(T).Name}");

    private static FormatException Wrong(JsonNode? node, Schema schema) => new($"{node?.GetPath() ?? "null"} is no {schema}");

    /// <summary>A message in the making.</summary>
    private sealed class Buffer
    {
        private byte[] _bytes = new byte[64];

        public int Count { get; private set; }

        public byte[] ToArray() => _bytes[..Count];

        public void Varint(int number, ulong value)
        {
            Varint((ulong)number << 3);
            Varint(value);
        }

        public void Double(int number, double value)
        {
            Varint(((ulong)number << 3) | 1);
            BinaryPrimitives.WriteDoubleLittleEndian(Reserve(8), value);
        }

        public void Text(int number, string value) => Bytes(number, Encoding.UTF8.GetBytes(value));

        public void Message(int number, Buffer message) => Bytes(number, message._bytes.AsSpan(0, message.Count));

        public void Bytes(int number, ReadOnlySpan<byte> value)
        {
            Varint(((ulong)number << 3) | ProtobufCursor.Length);
            Varint((ulong)value.Length);
            Raw(value);
        }

        public void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

        private void Varint(ulong value)
        {
            while (value >= 0x80)
            {
                Reserve(1)[0] = (byte)(value | 0x80);
                value >>= 7;
            }

            Reserve(1)[0] = (byte)value;
        }

        private Span<byte> Reserve(int count)
        {
            if (Count + count > _bytes.Length)
            {
                Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Count + count));
            }

            Count += count;
            return _bytes.AsSpan(Count - count, count);
        }
    }
}
