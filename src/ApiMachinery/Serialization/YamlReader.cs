using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Reads YAML as a JSON tree, with the scalar rules of sigs.k8s.io/yaml.</summary>
public static class YamlReader
{
    /// <summary>
    /// Nodes that aliases may add to a document. 10 000. An alias bomb (CVE-2019-11253) reaches it within milliseconds; real documents use a
    /// handful of aliases of a few dozen nodes.
    /// </summary>
    public const int MaximumAliasedNodes = 10_000;

    /// <summary>Characters that aliases may add to a document. 4 Mi: more than any object may hold.</summary>
    public const int MaximumAliasedCharacters = 4 << 20;

    /// <summary>Documents in one stream. 10 000.</summary>
    public const int MaximumDocuments = 10_000;

    /// <summary>Reads every document of a stream; empty ones are left out.</summary>
    public static ApiResult<JsonNode[]> ReadAll(ReadOnlyMemory<byte> yaml)
    {
        try
        {
            return Read(Encoding.UTF8.GetString(yaml.Span), []).ToArray();
        }
        catch (YamlProblem e)
        {
            return ApiErrors.BadRequest($"error converting YAML to JSON: yaml: {e.Message}");
        }
    }

    /// <summary>Reads every document that is not empty.</summary>
    /// <param name="text">The stream.</param>
    /// <param name="duplicates">Receives <c>line 3: key "a" already set in map</c> for each key that stands twice.</param>
    /// <exception cref="YamlProblem">The text is not acceptable YAML.</exception>
    internal static List<JsonNode> Read(string text, List<string> duplicates)
    {
        var documents = new List<JsonNode>();
        try
        {
            var parser = new Parser(new StringReader(text));
            while (parser.MoveNext())
            {
                if (parser.Current is not DocumentStart)
                {
                    continue;
                }

                parser.MoveNext();
                if (new Document(parser, duplicates).Node(0) is { } node)
                {
                    documents.Add(node);
                    if (documents.Count > MaximumDocuments)
                    {
                        throw new YamlProblem($"more than {MaximumDocuments} documents");
                    }
                }
            }
        }
        catch (YamlException e)
        {
            throw new YamlProblem($"line {e.Start.Line}: {Worded(e)}");
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IndexOutOfRangeException or FormatException or OverflowException)
        {
            // The scanner meets a text that its author did not foresee: still the sender's fault, not the server's.
            throw new YamlProblem($"could not be read: {e.Message}");
        }

        return documents;
    }

    // The commonest mistakes in the words of the library that upstream uses.
    private static string Worded(YamlException e)
    {
        var message = e.Message.TrimEnd('.');
        return message.Contains("apping values are not allowed", StringComparison.Ordinal) || message.Contains("found invalid mapping", StringComparison.Ordinal) ? "mapping values are not allowed in this context"
            : message.Contains("did not find expected", StringComparison.Ordinal) ? message[message.IndexOf("did not find expected", StringComparison.Ordinal)..]
            : message.Length == 0 ? "syntax error" : char.ToLowerInvariant(message[0]) + message[1..];
    }

    private sealed class Document(Parser parser, List<string> duplicates)
    {
        private readonly Dictionary<string, (JsonNode? Node, int Size, long Characters)> _anchors = new(StringComparer.Ordinal);
        private readonly HashSet<string> _open = new(StringComparer.Ordinal);
        private int _aliased;
        private int _nodes;
        private long _characters;
        private long _aliasedCharacters;

        // Reads the node at the parser's current event, and leaves the parser behind the node's last event's position.
        public JsonNode? Node(int depth)
        {
            if (depth > JsonTree.MaximumDepth)
            {
                throw new YamlProblem("exceeded max depth");
            }

            _nodes++;
            switch (parser.Current)
            {
                case AnchorAlias alias:
                    return Alias(alias);
                case Scalar scalar:
                    _characters += scalar.Value.Length;
                    return Anchored(scalar, () => Value(scalar));
                case SequenceStart start:
                    return Anchored(start, () => Sequence(depth));
                case MappingStart start:
                    return Anchored(start, () => Mapping(depth));
                default:
                    return null;
            }
        }

        private JsonNode? Anchored(NodeEvent start, Func<JsonNode?> read)
        {
            if (start.Anchor.IsEmpty)
            {
                return read();
            }

            var name = start.Anchor.Value;
            var (before, charactersBefore) = (_nodes, _characters);
            _open.Add(name);
            var node = read();
            _open.Remove(name);
            _anchors[name] = (node, _nodes - before + 1, _characters - charactersBefore + LengthOf(start));
            return node;
        }

        // An anchored scalar was counted before its anchor was opened.
        private static int LengthOf(NodeEvent start) => start is Scalar scalar ? scalar.Value.Length : 0;

        private JsonNode? Alias(AnchorAlias alias)
        {
            var name = alias.Value.Value;
            if (_open.Contains(name))
            {
                throw new YamlProblem($"anchor '{name}' value contains itself");
            }

            if (!_anchors.TryGetValue(name, out var found))
            {
                throw new YamlProblem($"unknown anchor '{name}' referenced");
            }

            // Counted before it is copied, and counted again in whatever anchor encloses it.
            _nodes += found.Size;
            _aliased += found.Size;
            _characters += found.Characters;
            _aliasedCharacters += found.Characters;
            if (_aliased > MaximumAliasedNodes || _aliasedCharacters > MaximumAliasedCharacters)
            {
                throw new YamlProblem("document contains excessive aliasing");
            }

            return found.Node?.DeepClone();
        }

        private static JsonNode? Value(Scalar scalar)
        {
            var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
            switch (tag)
            {
                case "tag:yaml.org,2002:str":
                    return JsonValue.Create(scalar.Value);
                case "tag:yaml.org,2002:binary":
                    try
                    {
                        return JsonValue.Create(Encoding.UTF8.GetString(Convert.FromBase64String(scalar.Value)));
                    }
                    catch (FormatException)
                    {
                        throw new YamlProblem("!!binary value contains invalid base64 data");
                    }

                case "tag:yaml.org,2002:float" or "tag:yaml.org,2002:int" or "tag:yaml.org,2002:bool" or "tag:yaml.org,2002:null":
                    return YamlScalars.Resolve(scalar.Value);
            }

            return scalar.Style == ScalarStyle.Plain && tag.Length == 0 ? YamlScalars.Resolve(scalar.Value) : JsonValue.Create(scalar.Value);
        }

        private JsonArray Sequence(int depth)
        {
            var array = new JsonArray();
            while (parser.MoveNext() && parser.Current is not SequenceEnd)
            {
                array.Add(Node(depth + 1));
            }

            return array;
        }

        private JsonObject Mapping(int depth)
        {
            var result = new JsonObject();
            var own = new HashSet<string>(StringComparer.Ordinal);
            while (parser.MoveNext() && parser.Current is not MappingEnd)
            {
                var line = parser.Current!.Start.Line;
                var isMerge = parser.Current is Scalar { Style: ScalarStyle.Plain, Value: "<<" };
                var key = Node(depth + 1);
                parser.MoveNext();
                var value = Node(depth + 1);
                if (isMerge)
                {
                    Merge(result, value, own);
                    continue;
                }

                var name = Key(key);
                if (!own.Add(name))
                {
                    duplicates.Add($"line {line}: key \"{name}\" already set in map");
                }

                result[name] = value;
            }

            return result;
        }

        // A key that stands in the mapping itself wins over a merged one, wherever it stands.
        private static void Merge(JsonObject into, JsonNode? from, HashSet<string> own)
        {
            switch (from)
            {
                case JsonObject map:
                    foreach (var (name, value) in map.ToArray())
                    {
                        if (!own.Contains(name) && !into.ContainsKey(name))
                        {
                            map.Remove(name);
                            into[name] = value;
                        }
                    }

                    break;
                case JsonArray maps when maps.All(map => map is JsonObject):
                    foreach (var map in maps)
                    {
                        Merge(into, map, own);
                    }

                    break;
                default:
                    throw new YamlProblem("map merge requires map or sequence of maps as the value");
            }
        }

        private static string Key(JsonNode? key) => key?.GetValueKind() switch
        {
            JsonValueKind.String => key.AsString()!,
            JsonValueKind.Number => key.ToJsonString(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            null or JsonValueKind.Null => "null",
            _ => throw new YamlProblem("unsupported map key: a key must be a scalar"),
        };
    }
}
