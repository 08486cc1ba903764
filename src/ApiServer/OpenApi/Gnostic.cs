using System.Text;
using System.Text.Json.Nodes;

namespace KubeAspire.ApiServer.OpenApi;

/// <summary>An OpenAPI 2 document as the protobuf message that kubectl reads: <c>openapi.v2.Document</c> of google/gnostic.</summary>
/// <remarks>Field numbers from the published OpenAPIv2.proto; only the members that our documents have.</remarks>
internal static class Gnostic
{
    /// <summary>Encodes a document.</summary>
    public static byte[] Encode(JsonObject document)
    {
        using var message = new Message();
        message.Text(1, document["swagger"]!.ToString());
        message.Nested(2, info =>
        {
            info.Text(1, document["info"]!["title"]!.ToString());
            info.Text(2, document["info"]!["version"]!.ToString());
        });
        message.Nested(8, paths =>
        {
            foreach (var (path, item) in (JsonObject)document["paths"]!)
            {
                paths.Nested(2, named => Named(named, path, value => PathItem(value, (JsonObject)item!)));
            }
        });
        message.Nested(9, definitions =>
        {
            foreach (var (name, schema) in (JsonObject)document["definitions"]!)
            {
                definitions.Nested(1, named => Named(named, name, value => Schema(value, (JsonObject)schema!)));
            }
        });
        return message.ToArray();
    }

    private static void Named(Message named, string name, Action<Message> value)
    {
        named.Text(1, name);
        named.Nested(2, value);
    }

    private static void PathItem(Message message, JsonObject item)
    {
        foreach (var (method, operation) in item)
        {
            var number = method switch { "get" => 2, "put" => 3, "post" => 4, "delete" => 5, _ => 8 };
            message.Nested(number, nested => Operation(nested, (JsonObject)operation!));
        }
    }

    private static void Operation(Message message, JsonObject operation)
    {
        message.Text(3, operation["description"]!.ToString());
        message.Text(5, operation["operationId"]!.ToString());
        Texts(message, 6, operation["produces"]);
        Texts(message, 7, operation["consumes"]);
        foreach (var parameter in ((JsonArray)operation["parameters"]!).OfType<JsonObject>())
        {
            message.Nested(8, item => item.Nested(1, nested => Parameter(nested, parameter)));
        }

        message.Nested(9, responses =>
        {
            foreach (var (code, response) in (JsonObject)operation["responses"]!)
            {
                responses.Nested(1, named => Named(named, code, value => value.Nested(1, answer =>
                {
                    answer.Text(1, response!["description"]!.ToString());
                    answer.Nested(2, item => item.Nested(1, schema => Schema(schema, (JsonObject)response["schema"]!)));
                })));
            }
        });
        Extensions(message, 13, operation);
    }

    private static void Parameter(Message message, JsonObject parameter)
    {
        if (parameter["in"]!.ToString() == "body")
        {
            message.Nested(1, body =>
            {
                body.Text(2, "body");
                body.Text(3, "body");
                body.Flag(4, true);
                body.Nested(5, schema => Schema(schema, (JsonObject)parameter["schema"]!));
            });
            return;
        }

        message.Nested(2, kind => kind.Nested(3, query =>
        {
            query.Text(2, "query");
            query.Text(4, parameter["name"]!.ToString());
            query.Text(6, parameter["type"]!.ToString());
        }));
    }

    private static void Schema(Message message, JsonObject schema)
    {
        if (schema["$ref"] is { } reference)
        {
            message.Text(1, reference.ToString());
        }

        if (schema["format"] is { } format)
        {
            message.Text(2, format.ToString());
        }

        if (schema["description"]?.ToString() is { Length: > 0 } description)
        {
            message.Text(4, description);
        }

        Texts(message, 19, schema["required"]);
        if (schema["additionalProperties"] is JsonObject values)
        {
            message.Nested(21, item => item.Nested(1, nested => Schema(nested, values)));
        }

        if (schema["type"] is { } type)
        {
            message.Nested(22, item => item.Text(1, type.ToString()));
        }

        if (schema["items"] is JsonObject items)
        {
            message.Nested(23, item => item.Nested(1, nested => Schema(nested, items)));
        }

        if (schema["properties"] is JsonObject properties)
        {
            message.Nested(25, all =>
            {
                foreach (var (name, property) in properties)
                {
                    all.Nested(1, named => Named(named, name, value => Schema(value, (JsonObject)property!)));
                }
            });
        }

        Extensions(message, 31, schema);
    }

    // An extension's value travels as YAML text, of which JSON is a part.
    private static void Extensions(Message message, int number, JsonObject value)
    {
        foreach (var (name, extension) in value)
        {
            if (name.StartsWith("x-", StringComparison.Ordinal))
            {
                message.Nested(number, named => Named(named, name, any => any.Text(2, extension!.ToJsonString())));
            }
        }
    }

    private static void Texts(Message message, int number, JsonNode? texts)
    {
        foreach (var text in texts as JsonArray ?? [])
        {
            message.Text(number, text!.ToString());
        }
    }

    // Nested messages are built inside out: a message's length stands before it.
    private sealed class Message : IDisposable
    {
        private readonly MemoryStream _bytes = new();

        public void Text(int number, string text) => Bytes(number, Encoding.UTF8.GetBytes(text));

        public void Flag(int number, bool flag)
        {
            Varint((uint)number << 3);
            Varint(flag ? 1u : 0u);
        }

        public void Nested(int number, Action<Message> fill)
        {
            using var inner = new Message();
            fill(inner);
            Bytes(number, inner._bytes.GetBuffer().AsSpan(0, (int)inner._bytes.Length));
        }

        public void Dispose() => _bytes.Dispose();

        public byte[] ToArray() => _bytes.ToArray();

        private void Bytes(int number, ReadOnlySpan<byte> bytes)
        {
            Varint(((uint)number << 3) | 2);
            Varint((uint)bytes.Length);
            _bytes.Write(bytes);
        }

        private void Varint(uint value)
        {
            while (value >= 0x80)
            {
                _bytes.WriteByte((byte)(value | 0x80));
                value >>= 7;
            }

            _bytes.WriteByte((byte)value);
        }
    }
}
