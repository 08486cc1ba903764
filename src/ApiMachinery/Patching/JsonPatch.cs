using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Patching;

/// <summary>JSON patch, RFC 6902.</summary>
public static class JsonPatch
{
    /// <summary>Operations in one patch. 10 000, as upstream (CVE-2019-1002100).</summary>
    public const int MaximumOperations = 10_000;

    /// <summary>Bytes that all copy operations of a patch may add. 3 MiB, as upstream.</summary>
    public const int MaximumCopiedBytes = 3 << 20;

    /// <summary>Parts of one path. 1000: above the deepest object accepted.</summary>
    private const int MaximumPathParts = 1000;

    /// <summary>Applies a patch.</summary>
    /// <returns>A new object; neither argument is changed. BadRequest where the patch is none, 413 where it is too long, 422 where it does not apply.</returns>
    public static ApiResult<JsonObject> Apply(JsonObject target, JsonNode patch)
    {
        if (patch is not JsonArray operations)
        {
            return ApiErrors.BadRequest($"error decoding patch: json: cannot unmarshal {Schemas.TypeCheck.GoName(patch)} into Go value of type jsonpatch.Patch");
        }

        if (operations.Count > MaximumOperations)
        {
            return new ApiError(
                ApiErrorReason.RequestEntityTooLarge,
                $"Request entity too large: The allowed maximum operations in a JSON patch is {MaximumOperations}, got {operations.Count}");
        }

        try
        {
            var run = new Run((JsonObject)target.DeepClone());
            foreach (var operation in operations)
            {
                if (operation is not JsonObject one)
                {
                    return ApiErrors.BadRequest($"error decoding patch: json: cannot unmarshal {Schemas.TypeCheck.GoName(operation)} into Go value of type jsonpatch.Operation");
                }

                run.Do(one);
            }

            return run.Root is JsonObject result ? result : ApiErrors.UnprocessablePatch("the patch leaves no object");
        }
        catch (Unapplicable e)
        {
            return ApiErrors.UnprocessablePatch(e.Message);
        }
    }

    private sealed class Unapplicable(string message) : Exception(message);

    private sealed class Run(JsonNode? root)
    {
        private long _copied;

        public JsonNode? Root { get; private set; } = root;

        public void Do(JsonObject operation)
        {
            var op = operation["op"].AsString() ?? "unknown";
            var path = operation["path"].AsString() ?? throw new Unapplicable($"{op} operation does not apply: missing path");
            switch (op)
            {
                case "add":
                    Add(path, Value(operation, path, op)?.DeepClone(), op);
                    break;
                case "remove":
                    Take(path, op);
                    break;
                case "replace":
                    Replace(path, Value(operation, path, op)?.DeepClone());
                    break;
                case "move":
                    var from = From(operation, op);
                    if (path.StartsWith(from + "/", StringComparison.Ordinal))
                    {
                        throw new Unapplicable($"move operation does not apply: {path} lies in {from}");
                    }

                    Add(path, Take(from, op), op);
                    break;
                case "copy":
                    Copy(From(operation, op), path);
                    break;
                case "test":
                    if (!JsonNode.DeepEquals(Find(path, op), Value(operation, path, op)))
                    {
                        throw new Unapplicable($"testing value {path} failed: test failed");
                    }

                    break;
                default:
                    throw new Unapplicable($"Unexpected kind: {op}");
            }
        }

        private static JsonNode? Value(JsonObject operation, string path, string op) =>
            operation.TryGetPropertyValue("value", out var value) ? value
            : op == "test" ? null : throw new Unapplicable($"{op} operation does not apply: missing value for {path}");

        private static string From(JsonObject operation, string op) =>
            operation["from"].AsString() ?? throw new Unapplicable($"{op} operation does not apply: missing from");

        private void Copy(string from, string path)
        {
            var value = Find(from, "copy");
            _copied += value is null ? 4 : Encoding.UTF8.GetByteCount(value.ToJsonString());
            if (_copied > MaximumCopiedBytes)
            {
                throw new Unapplicable(
                    $"Unable to complete the copy, the accumulated size increase of copy is {_copied}, exceeding the limit {MaximumCopiedBytes}");
            }

            Add(path, value?.DeepClone(), "copy");
        }

        private void Add(string path, JsonNode? value, string op)
        {
            var parts = Parts(path, op);
            Bound(parts.Length, value);
            if (parts.Length == 0)
            {
                Root = value;
                return;
            }

            switch (Parent(parts, path, op))
            {
                case JsonObject parent:
                    parent[parts[^1]] = value;
                    break;
                case JsonArray list when parts[^1] == "-":
                    list.Add(value);
                    break;
                case JsonArray list:
                    list.Insert(Index(parts[^1], list.Count + 1, path, op), value);
                    break;
                default:
                    throw Missing(path, op);
            }
        }

        private void Replace(string path, JsonNode? value)
        {
            var parts = Parts(path, "replace");
            Bound(parts.Length, value);
            if (parts.Length == 0)
            {
                Root = value;
                return;
            }

            switch (Parent(parts, path, "replace"))
            {
                case JsonObject parent when parent.ContainsKey(parts[^1]):
                    parent[parts[^1]] = value;
                    break;
                case JsonArray list:
                    list[Index(parts[^1], list.Count, path, "replace")] = value;
                    break;
                default:
                    throw new Unapplicable($"replace operation does not apply: doc is missing key: {path}: missing value");
            }
        }

        private JsonNode? Take(string path, string op)
        {
            var parts = Parts(path, op);
            switch (parts.Length == 0 ? null : Parent(parts, path, op))
            {
                case JsonObject parent when parent.TryGetPropertyValue(parts[^1], out var value):
                    parent.Remove(parts[^1]);
                    return value;
                case JsonArray list:
                    var index = Index(parts[^1], list.Count, path, op);
                    var item = list[index];
                    list.RemoveAt(index);
                    return item;
                default:
                    throw new Unapplicable($"error in {op} for path: '{path}': Unable to remove nonexistent key: {(parts.Length == 0 ? "" : parts[^1])}: missing value");
            }
        }

        private JsonNode? Find(string path, string op)
        {
            var parts = Parts(path, op);
            if (parts.Length == 0)
            {
                return Root;
            }

            return Parent(parts, path, op) switch
            {
                JsonObject parent when parent.TryGetPropertyValue(parts[^1], out var value) => value,
                JsonArray list => list[Index(parts[^1], list.Count, path, op)],
                _ => throw Missing(path, op),
            };
        }

        private JsonNode? Parent(string[] parts, string path, string op)
        {
            var node = Root;
            foreach (var part in parts.AsSpan(0, parts.Length - 1))
            {
                node = node switch
                {
                    JsonObject parent when parent.TryGetPropertyValue(part, out var child) => child,
                    JsonArray list => list[Index(part, list.Count, path, op)],
                    _ => throw Missing(path, op),
                };
            }

            return node;
        }

        // Moves can stack what is shallow each for itself; a tree too deep for recursion must not come about, not even between two operations.
        private static void Bound(int depth, JsonNode? value)
        {
            var open = new Stack<(JsonNode? Node, int Depth)>();
            open.Push((value, depth));
            while (open.TryPop(out var next))
            {
                if (next.Depth > BodyDecoder.MaximumDepth)
                {
                    throw new Unapplicable("exceeded max depth");
                }

                IEnumerable<JsonNode?> children = next.Node switch
                {
                    JsonObject map => map.Select(pair => pair.Value),
                    JsonArray list => list,
                    _ => [],
                };
                foreach (var child in children)
                {
                    if (child is JsonObject or JsonArray)
                    {
                        open.Push((child, next.Depth + 1));
                    }
                }
            }
        }

        private static int Index(string part, int count, string path, string op)
        {
            if (!int.TryParse(part, System.Globalization.NumberStyles.AllowLeadingSign, null, out var index))
            {
                throw new Unapplicable($"{op} operation does not apply: value was not a proper array index: '{part}'");
            }

            // Upstream's library counts negative indices from the end.
            var at = index < 0 ? index + count : index;
            return at >= 0 && at < count ? at : throw new Unapplicable($"{op} operation does not apply: Unable to access invalid index: {part} in {path}: invalid index referenced");
        }

        private static string[] Parts(string path, string op)
        {
            if (path.Length == 0)
            {
                return [];
            }

            var parts = path[0] == '/' ? path[1..].Split('/') : throw Missing(path, op);
            if (parts.Length > MaximumPathParts)
            {
                throw new Unapplicable($"{op} operation does not apply: the path is too long");
            }

            return Array.ConvertAll(parts, part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        }

        private static Unapplicable Missing(string path, string op) => new($"{op} operation does not apply: doc is missing path: \"{path}\": missing value");
    }
}
