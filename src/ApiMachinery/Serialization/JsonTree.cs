using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Parses JSON into a tree as Go's decoder does: the last of two equal fields wins, bad UTF-8 becomes U+FFFD, nesting is bounded.</summary>
internal static class JsonTree
{
    /// <summary>
    /// Levels of nesting accepted. 500. Go's decoder allows 10 000; every later pass over a tree is recursive, and the deepest published
    /// schema (a CRD's validation schema) stays far below.
    /// </summary>
    public const int MaximumDepth = 500;

    private static readonly JsonReaderOptions s_options = new() { MaxDepth = MaximumDepth };

    /// <summary>Parses a document.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="duplicates">Receives the path of each field that stands twice in an object.</param>
    /// <exception cref="JsonException">Not JSON; the message is worded as Go's.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, List<string>? duplicates)
    {
        if (!Utf8.IsValid(utf8))
        {
            utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));
        }

        JsonElement root;
        try
        {
            var reader = new Utf8JsonReader(utf8, s_options);
            root = JsonElement.ParseValue(ref reader);
            if (reader.Read())
            {
                throw new JsonException(JsonSyntax.Describe(utf8));
            }
        }
        catch (JsonException)
        {
            throw new JsonException(JsonSyntax.Describe(utf8));
        }

        return new Builder(duplicates).Build(root);
    }

    private sealed class Builder(List<string>? duplicates)
    {
        private readonly List<(string? Name, int Index)> _path = [];

        public JsonNode? Build(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Null:
                    return null;
                case JsonValueKind.Object:
                    return Object(element);
                case JsonValueKind.Array:
                    var array = new JsonArray();
                    var index = 0;
                    foreach (var item in element.EnumerateArray())
                    {
                        _path.Add((null, index++));
                        array.Add(Build(item));
                        _path.RemoveAt(_path.Count - 1);
                    }

                    return array;
                case JsonValueKind.String:
                    return Text(element);
                default:
                    return JsonValue.Create(element);
            }
        }

        private JsonObject Object(JsonElement element)
        {
            var result = new JsonObject();
            foreach (var property in element.EnumerateObject())
            {
                var name = Name(property);
                _path.Add((name, 0));
                if (duplicates is not null && result.ContainsKey(name))
                {
                    duplicates.Add(Path());
                }

                result[name] = Build(property.Value);
                _path.RemoveAt(_path.Count - 1);
            }

            return result;
        }

        private string Path()
        {
            var text = new StringBuilder();
            foreach (var (name, index) in _path)
            {
                _ = name is null ? text.Append('[').Append(index).Append(']') : text.Append(text.Length == 0 ? "" : ".").Append(name);
            }

            return text.ToString();
        }

        // A lone surrogate can be escaped in JSON but not held in UTF-8; reading such a string later would throw.
        private static JsonValue Text(JsonElement element)
        {
            if (!MayHoldSurrogates(JsonMarshal.GetRawUtf8Value(element)))
            {
                return JsonValue.Create(element)!;
            }

            try
            {
                element.GetString();
                return JsonValue.Create(element)!;
            }
            catch (InvalidOperationException)
            {
                return JsonValue.Create(Repaired(JsonMarshal.GetRawUtf8Value(element)));
            }
        }

        private static string Name(JsonProperty property)
        {
            try
            {
                return property.Name;
            }
            catch (InvalidOperationException)
            {
                return Repaired(JsonMarshal.GetRawUtf8PropertyName(property));
            }
        }

        private static bool MayHoldSurrogates(ReadOnlySpan<byte> raw) => raw.IndexOf("\\ud"u8) >= 0 || raw.IndexOf("\\uD"u8) >= 0;

        // Replaces what is no surrogate pair by the escape of U+FFFD and reads the string again.
        private static string Repaired(ReadOnlySpan<byte> raw)
        {
            var text = Encoding.UTF8.GetString(raw).Trim('"');
            var builder = new StringBuilder();
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] != '\\')
                {
                    builder.Append(text[i]);
                }
                else if (text[i + 1] != 'u')
                {
                    builder.Append(text, i++, 2);
                }
                else
                {
                    var high = Convert.ToUInt16(text.Substring(i + 2, 4), 16);
                    var pair = char.IsHighSurrogate((char)high) && i + 11 < text.Length && text[i + 6] == '\\' && text[i + 7] == 'u'
                        && char.IsLowSurrogate((char)Convert.ToUInt16(text.Substring(i + 8, 4), 16));
                    builder.Append(char.IsSurrogate((char)high) && !pair ? "\\ufffd" : text.Substring(i, pair ? 12 : 6));
                    i += pair ? 11 : 5;
                }
            }

            return JsonSerializer.Deserialize<string>($"\"{builder}\"")!;
        }
    }
}
