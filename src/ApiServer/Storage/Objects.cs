using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Storage;

/// <summary>Stored objects as typed views and as trees.</summary>
internal static class Objects
{
    private static readonly JsonDocumentOptions s_read = new() { MaxDepth = 256 };

    /// <summary>The shared typed view of an entry. Every reader of a collection asks for the kind's own record, so that one view serves all.</summary>
    public static IKubernetesObject View(this StateEntry entry, ResourceKind kind) => entry.View<IKubernetesObject>(stored => kind.Decode(stored.Json.Span));

    /// <summary>A fresh tree of an entry, for a writer to change.</summary>
    public static JsonObject Tree(this StateEntry entry) => Tree(entry.Json);

    /// <summary>A fresh tree.</summary>
    public static JsonObject Tree(ReadOnlyMemory<byte> json) => (JsonObject)JsonNode.Parse(json.Span, null, s_read)!;

    /// <summary>The key of an object.</summary>
    public static StateKey KeyOf(ResourceType type, string ns, string name) => new(type.GroupResource, type.Namespaced ? ns : "", name);

    /// <summary><c>metadata</c>, made where it is missing.</summary>
    public static JsonObject Meta(this JsonObject value)
    {
        if (value["metadata"] is JsonObject metadata)
        {
            return metadata;
        }

        metadata = [];
        value["metadata"] = metadata;
        return metadata;
    }

    /// <summary>A string property; empty where it is absent or no string.</summary>
    public static string Text(this JsonObject value, string name) => value[name] is JsonValue found && found.TryGetValue(out string? text) ? text : "";

    /// <summary>A whole number, or null.</summary>
    public static long? Number(this JsonObject value, string name) => value[name] switch
    {
        JsonValue found when found.TryGetValue(out long number) => number,
        // A number that was set here as an int, not read from text, is found as nothing else.
        JsonValue found when found.TryGetValue(out int small) => small,
        _ => null,
    };

    /// <summary>A list of strings; empty where absent.</summary>
    public static List<string> Texts(this JsonObject value, string name) =>
        value[name] is JsonArray list ? [.. list.Select(item => item is JsonValue v && v.TryGetValue(out string? text) ? text : "")] : [];

    /// <summary>Sets a property, or removes it for null.</summary>
    public static void Put(this JsonObject value, string name, JsonNode? node)
    {
        if (node is null)
        {
            value.Remove(name);
        }
        else
        {
            value[name] = node;
        }
    }

    /// <summary>The same bytes with other digits of resourceVersion: what a watcher gets of an object that left its selection.</summary>
    public static ReadOnlyMemory<byte> WithRevision(StateEntry entry, long revision)
    {
        if (entry.RevisionAt < 0)
        {
            return entry.Json;
        }

        var json = entry.Json.Span;
        var end = entry.RevisionAt;
        while (json[end] is >= (byte)'0' and <= (byte)'9')
        {
            end++;
        }

        Span<byte> digits = stackalloc byte[20];
        revision.TryFormat(digits, out var length, default, System.Globalization.CultureInfo.InvariantCulture);
        var result = new byte[entry.RevisionAt + length + json.Length - end];
        json[..entry.RevisionAt].CopyTo(result);
        digits[..length].CopyTo(result.AsSpan(entry.RevisionAt));
        json[end..].CopyTo(result.AsSpan(entry.RevisionAt + length));
        return result;
    }

    /// <summary>Where the value of a top-level property lies in an object's bytes.</summary>
    public static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> json, ReadOnlySpan<byte> property)
    {
        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(property);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (found)
            {
                return json[start..(int)reader.BytesConsumed];
            }
        }

        return "{}"u8.ToArray();
    }
}
