using System.Text;
using System.Text.Json;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;

namespace KubeAspire.Client.Rest;

/// <summary>Bodies of requests and answers.</summary>
internal static class RestBodies
{
    /// <summary>An object with its apiVersion and kind, whether or not the record says them.</summary>
    public static byte[] Write<T>(ResourceType type, T value)
        where T : class, IKubernetesObject
    {
        var json = KubernetesJson.Write(value);
        var head = (value.ApiVersion, value.Kind) switch
        {
            (null, null) => $"\"apiVersion\":\"{type.ApiVersion}\",\"kind\":\"{type.Kind}\",",
            (null, _) => $"\"apiVersion\":\"{type.ApiVersion}\",",
            (_, null) => $"\"kind\":\"{type.Kind}\",",
            _ => "",
        };

        // Metadata is never null, so something always follows the brace and the comma is never the last.
        return head.Length == 0 ? json : [(byte)'{', .. Encoding.UTF8.GetBytes(head), .. json.AsSpan(1)];
    }

    /// <summary>One page of a list: its items are added to <paramref name="items"/>.</summary>
    /// <exception cref="JsonException">The bytes are no list.</exception>
    public static (string ResourceVersion, string? Continue) ReadPage<T>(ReadOnlySpan<byte> json, List<T> items)
        where T : class
    {
        var info = KubernetesJson.TypeInfo<T>();
        string? revision = null, next = null;
        var reader = new Utf8JsonReader(json);
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                Expect(ref reader, JsonTokenType.StartObject);
                (revision, next) = ReadListMeta(ref reader);
            }
            else if (reader.ValueTextEquals("items"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.Null)
                {
                    continue;
                }

                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(JsonSerializer.Deserialize(ref reader, info) ?? throw new JsonException("an item is null"));
                }
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return (revision ?? "", string.IsNullOrEmpty(next) ? null : next);
    }

    /// <summary>One line of a watch.</summary>
    /// <exception cref="JsonException">The bytes are no watch event.</exception>
    public static WatchEvent<T> ReadEvent<T>(ReadOnlySpan<byte> line)
        where T : class
    {
        WatchEventType? type = null;
        var (from, to) = (-1, -1);
        var reader = new Utf8JsonReader(line);
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isObject = reader.ValueTextEquals("object"u8);
            reader.Read();
            if (isType)
            {
                type = TypeOf(ref reader);
            }
            else if (isObject)
            {
                from = (int)reader.TokenStartIndex;
                reader.Skip();
                to = (int)reader.BytesConsumed;
            }
            else
            {
                reader.Skip();
            }
        }

        if (type is not { } known || from < 0)
        {
            throw new JsonException("a watch event needs type and object");
        }

        var body = line[from..to];
        return known == WatchEventType.Error
            ? new WatchEvent<T>(known, null, RestErrors.From(KubernetesJson.Read<Status>(body), 500))
            : new WatchEvent<T>(known, KubernetesJson.Read<T>(body), null);
    }

    private static WatchEventType TypeOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("ADDED"u8) ? WatchEventType.Added
        : reader.ValueTextEquals("MODIFIED"u8) ? WatchEventType.Modified
        : reader.ValueTextEquals("DELETED"u8) ? WatchEventType.Deleted
        : reader.ValueTextEquals("BOOKMARK"u8) ? WatchEventType.Bookmark
        : reader.ValueTextEquals("ERROR"u8) ? WatchEventType.Error
        : throw new JsonException($"watch event type \"{reader.GetString()}\" is unknown");

    private static (string? Revision, string? Continue) ReadListMeta(ref Utf8JsonReader reader)
    {
        string? revision = null, next = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRevision = reader.ValueTextEquals("resourceVersion"u8);
            var isContinue = reader.ValueTextEquals("continue"u8);
            reader.Read();
            if (isRevision)
            {
                revision = reader.GetString();
            }
            else if (isContinue)
            {
                next = reader.GetString();
            }
            else
            {
                reader.Skip();
            }
        }

        return (revision, next);
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token)
        {
            throw new JsonException($"expected {token}, found {reader.TokenType}");
        }
    }
}
