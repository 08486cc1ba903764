using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Patching;

/// <summary>Kubernetes' strategic merge patch: a merge patch that knows which lists are merged, and by which key.</summary>
/// <remarks>
/// Directives: <c>$patch: replace|delete|merge</c>, <c>$retainKeys</c>, <c>$setElementOrder/list</c>, <c>$deleteFromPrimitiveList/list</c>.
/// The rules are those of k8s.io/apimachinery pkg/util/strategicpatch, the order of merged lists included.
/// </remarks>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string ElementOrder = "$setElementOrder/";
    private const string DeletePrimitives = "$deleteFromPrimitiveList/";

    /// <summary>Applies a patch.</summary>
    /// <returns>A new object; neither argument is changed. BadRequest where a directive is malformed, 422 where it contradicts the patch.</returns>
    public static ApiResult<JsonObject> Apply(JsonObject target, JsonObject patch, Schema schema)
    {
        try
        {
            return MergeMap((JsonObject)target.DeepClone(), patch, schema);
        }
        catch (BadPatch e)
        {
            return e.Contradicts ? ApiErrors.UnprocessablePatch(e.Message) : ApiErrors.BadRequest(e.Message);
        }
    }

    private sealed class BadPatch(string message, bool contradicts = false) : Exception(message)
    {
        public bool Contradicts { get; } = contradicts;
    }

    // Merges into target, and returns what stands in its place.
    private static JsonObject MergeMap(JsonObject target, JsonObject patch, Schema? schema)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            switch (directive.AsString())
            {
                case "replace":
                    return WithoutDirectives(patch, replaces: true);
                case "delete":
                    return [];
                case "merge":
                    break;
                default:
                    throw new BadPatch($"unknown patch type found: {directive?.ToString() ?? "null"}");
            }
        }

        Retain(target, patch);
        foreach (var (name, change) in patch)
        {
            if (name is Directive or RetainKeys)
            {
                continue;
            }

            if (name.StartsWith(ElementOrder, StringComparison.Ordinal))
            {
                var field = name[ElementOrder.Length..];
                if (!patch.ContainsKey(field) && target[field] is JsonArray list)
                {
                    target[field] = Reorder([.. list.Select(item => item?.DeepClone())], [], Order(change), list, MergeKey(schema, field));
                }
            }
            else if (name.StartsWith(DeletePrimitives, StringComparison.Ordinal))
            {
                Remove(target, name[DeletePrimitives.Length..], change);
            }
            else
            {
                MergeField(target, name, change, patch, schema);
            }
        }

        return target;
    }

    private static void MergeField(JsonObject target, string name, JsonNode? change, JsonObject patch, Schema? schema)
    {
        if (change is null)
        {
            target.Remove(name);
            return;
        }

        var property = Property(schema, name);
        switch (change)
        {
            case JsonObject map:
                if (property?.PatchStrategy.Contains("replace") == true)
                {
                    target[name] = WithoutDirectives(map, replaces: true);
                    break;
                }

                var existing = target[name] as JsonObject;
                var merged = MergeMap(existing ?? [], map, property);
                if (existing is null && map[Directive].AsString() == "delete")
                {
                    target.Remove(name);
                }
                else if (!ReferenceEquals(merged, existing))
                {
                    target[name] = merged;
                }

                break;
            case JsonArray list:
                patch.TryGetPropertyValue(ElementOrder + name, out var order);
                target[name] = property?.PatchStrategy.Contains("merge") == true
                    ? MergeList(target[name] as JsonArray ?? [], list, order, property)
                    : new JsonArray([.. list.Select(item => Cleaned(item))]);
                break;
            default:
                target[name] = change.DeepClone();
                break;
        }
    }

    private static JsonArray MergeList(JsonArray target, JsonArray patch, JsonNode? order, Schema schema)
    {
        var key = schema.PatchMergeKey;
        if (patch.Concat(target).Any(item => item is JsonArray))
        {
            throw new BadPatch("lists of lists are not supported", contradicts: true);
        }

        var isMaps = patch.Concat(target).FirstOrDefault(item => item is not null) is JsonObject;
        if (!isMaps)
        {
            var union = new List<JsonNode?>(target.Select(item => item?.DeepClone()));
            union.AddRange(patch.Where(item => !target.Any(other => JsonNode.DeepEquals(item, other))).Select(item => item?.DeepClone()));
            return Reorder(union, order is null ? [] : [.. patch], order is null ? null : Order(order), target, null);
        }

        if (key is null)
        {
            throw new BadPatch("map does not contain declared merge key", contradicts: true);
        }

        var changes = new List<JsonObject>();
        var merged = target.Select(item => item?.DeepClone()).ToList();
        var replaces = false;
        foreach (var item in patch)
        {
            var map = item as JsonObject ?? throw new BadPatch("invalid list: maps and scalars are mixed");
            switch (map[Directive].AsString())
            {
                case "replace":
                    // Says that the rest of the patch is the whole list; what stands beside it is an item of that list.
                    replaces = true;
                    if (map.Count > 1)
                    {
                        changes.Add(WithoutDirectives(map, replaces: true));
                    }

                    break;
                case "delete":
                    var doomed = KeyOf(map, key);
                    merged.RemoveAll(other => other is JsonObject candidate && JsonNode.DeepEquals(candidate[key], doomed));
                    break;
                case "merge" or null when !map.ContainsKey(Directive) || map[Directive].AsString() == "merge":
                    changes.Add(map);
                    break;
                default:
                    throw new BadPatch($"unknown patch type found: {map[Directive]}");
            }
        }

        if (replaces)
        {
            return [.. changes.Select(change => WithoutDirectives(change, replaces: true))];
        }

        foreach (var change in changes)
        {
            var id = KeyOf(change, key);
            var at = merged.FindIndex(item => item is JsonObject candidate && JsonNode.DeepEquals(candidate[key], id));
            var result = MergeMap(at >= 0 ? (JsonObject)merged[at]! : [], change, schema.Items);
            if (at >= 0)
            {
                merged[at] = result;
            }
            else
            {
                merged.Add(result);
            }
        }

        return Reorder(merged, [.. changes], order is null ? null : Order(order), target, key);
    }

    private static JsonNode KeyOf(JsonObject item, string key) =>
        item[key] ?? throw new BadPatch($"map: {item.ToJsonString()} does not contain declared merge key: {key}", contradicts: true);

    // Items that the patch names stand in the order the patch gives; the server's own are put where the live list had them, as far as that is possible.
    private static JsonArray Reorder(List<JsonNode?> items, List<JsonNode?> patch, List<JsonNode?>? order, JsonArray live, string? key)
    {
        var wanted = order ?? patch;
        var named = wanted.Select(item => items.Find(candidate => Same(candidate, item, key))).Where(item => item is not null).Distinct().ToList();
        var own = items.Where(item => !named.Contains(item)).ToList();
        var result = new JsonArray();
        int i = 0, j = 0;
        while (i < own.Count || j < named.Count)
        {
            var takeOwn = j >= named.Count;
            if (!takeOwn && i < own.Count)
            {
                var ownAt = IndexOf(live, own[i], key);
                var namedAt = IndexOf(live, named[j], key);
                takeOwn = ownAt >= 0 && namedAt >= 0 && ownAt < namedAt;
            }

            result.Add(takeOwn ? own[i++] : named[j++]);
        }

        return result;
    }

    private static int IndexOf(JsonArray list, JsonNode? item, string? key)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (Same(list[i], item, key))
            {
                return i;
            }
        }

        return -1;
    }

    private static bool Same(JsonNode? a, JsonNode? b, string? key) =>
        a is JsonObject x && b is JsonObject y && key is not null ? x[key] is { } id && JsonNode.DeepEquals(id, y[key]) : JsonNode.DeepEquals(a, b);

    private static List<JsonNode?> Order(JsonNode? order) => order is JsonArray list ? [.. list] : throw new BadPatch("$setElementOrder must be a list");

    private static void Remove(JsonObject target, string field, JsonNode? values)
    {
        if (values is not JsonArray doomed)
        {
            throw new BadPatch("the patch format for a primitive list is invalid: $deleteFromPrimitiveList must be a list");
        }

        if (target[field] is JsonArray list)
        {
            target[field] = new JsonArray([.. list.Where(item => !doomed.Any(other => JsonNode.DeepEquals(item, other))).Select(item => item?.DeepClone())]);
        }
    }

    private static void Retain(JsonObject target, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var node))
        {
            return;
        }

        if (node is not JsonArray keys || keys.Any(key => key.AsString() is null))
        {
            throw new BadPatch("invalid patch format of retainKeys");
        }

        var kept = keys.Select(key => key.AsString()!).ToHashSet(StringComparer.Ordinal);
        if (patch.Any(pair => !pair.Key.StartsWith('$') && pair.Value is not null && !kept.Contains(pair.Key)))
        {
            throw new BadPatch("patch content of retainKeys is invalid: a field of the patch is not in the list", contradicts: true);
        }

        foreach (var name in target.Select(pair => pair.Key).Where(name => !kept.Contains(name)).ToArray())
        {
            target.Remove(name);
        }
    }

    private static JsonNode? Cleaned(JsonNode? node) => node switch
    {
        JsonObject map => WithoutDirectives(map, replaces: false),
        JsonArray list => new JsonArray([.. list.Select(Cleaned)]),
        _ => node?.DeepClone(),
    };

    private static JsonObject WithoutDirectives(JsonObject map, bool replaces)
    {
        var result = new JsonObject();
        foreach (var (name, value) in map)
        {
            var isDirective = name is Directive or RetainKeys
                || name.StartsWith(ElementOrder, StringComparison.Ordinal) || name.StartsWith(DeletePrimitives, StringComparison.Ordinal);
            if (!isDirective && (value is not null || !replaces))
            {
                result[name] = Cleaned(value);
            }
        }

        return result;
    }

    private static string? MergeKey(Schema? schema, string field) => Property(schema, field)?.PatchMergeKey;

    private static Schema? Property(Schema? schema, string name) => schema?.Type switch
    {
        SchemaType.Object => schema.Properties.GetValueOrDefault(name),
        SchemaType.Map => schema.Values,
        _ => null,
    };
}
