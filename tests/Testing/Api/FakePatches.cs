using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Client;

namespace KubeAspire.Testing.Api;

/// <summary>Patches of trees, as far as tests need them. Server-side apply is a strategic merge without field ownership.</summary>
internal static class FakePatches
{
    /// <summary>A patched copy.</summary>
    public static JsonObject Apply(JsonObject stored, ApiPatch patch, Schema? schema)
    {
        var body = JsonNode.Parse(patch.Body.Span)!;
        var copy = (JsonObject)stored.DeepClone();
        return patch.Kind switch
        {
            PatchKind.Json => ApplyJson(copy, (JsonArray)body),
            PatchKind.Merge => (JsonObject)Merge(copy, body)!,
            _ => Strategic(copy, (JsonObject)body, schema),
        };
    }

    // RFC 7386.
    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = target as JsonObject ?? [];
        foreach (var (name, value) in changes)
        {
            if (value is null)
            {
                result.Remove(name);
            }
            else
            {
                var merged = Merge(result[name]?.DeepClone(), value);
                result[name] = merged;
            }
        }

        return result;
    }

    private static JsonObject Strategic(JsonObject target, JsonObject patch, Schema? schema)
    {
        foreach (var (name, value) in patch.Where(pair => !pair.Key.StartsWith('$')).ToList())
        {
            var place = schema is null ? null : schema.Properties.GetValueOrDefault(name) ?? schema.Values;
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject inner)
            {
                target[name] = inner["$patch"]?.ToString() == "replace"
                    ? Without(inner) : Strategic(target[name]?.DeepClone() as JsonObject ?? [], inner, place);
            }
            else if (value is JsonArray items && place?.PatchStrategy.Contains("merge") == true)
            {
                target[name] = MergeList(target[name] as JsonArray ?? [], items, place);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }

        foreach (var (name, value) in patch.Where(pair => pair.Key.StartsWith("$deleteFromPrimitiveList/", StringComparison.Ordinal)).ToList())
        {
            var field = name["$deleteFromPrimitiveList/".Length..];
            var gone = ((JsonArray)value!).Select(item => item!.ToJsonString()).ToHashSet();
            target[field] = new JsonArray([.. (target[field] as JsonArray ?? []).Where(item => !gone.Contains(item!.ToJsonString())).Select(item => item!.DeepClone())]);
        }

        return target;
    }

    private static JsonArray MergeList(JsonArray target, JsonArray patch, Schema place)
    {
        var result = target.Select(item => item!.DeepClone()).ToList();
        foreach (var item in patch)
        {
            if (place.PatchMergeKey is not { } key || item is not JsonObject changed)
            {
                if (!result.Any(known => JsonNode.DeepEquals(known, item)))
                {
                    result.Add(item!.DeepClone());
                }

                continue;
            }

            var at = result.FindIndex(known => JsonNode.DeepEquals(known[key], changed[key]));
            if (changed["$patch"]?.ToString() == "delete")
            {
                result.RemoveAll(known => JsonNode.DeepEquals(known[key], changed[key]));
            }
            else if (at < 0)
            {
                result.Add(changed.DeepClone());
            }
            else
            {
                result[at] = Strategic((JsonObject)result[at].DeepClone(), changed, place.Items);
            }
        }

        return new JsonArray([.. result]);
    }

    private static JsonObject Without(JsonObject value)
    {
        var copy = (JsonObject)value.DeepClone();
        copy.Remove("$patch");
        return copy;
    }

    private static JsonObject ApplyJson(JsonObject target, JsonArray steps)
    {
        foreach (var step in steps)
        {
            var path = step!["path"]!.ToString().Split('/').Skip(1).Select(part => part.Replace("~1", "/").Replace("~0", "~")).ToArray();
            var parent = path[..^1].Aggregate((JsonNode)target, (node, part) => node is JsonArray array ? array[int.Parse(part)]! : node[part]!);
            Step(parent, path[^1], step["op"]!.ToString(), step["value"]);
        }

        return target;
    }

    private static void Step(JsonNode parent, string name, string operation, JsonNode? value)
    {
        switch (operation, parent)
        {
            case ("add", JsonArray array):
                array.Insert(name == "-" ? array.Count : int.Parse(name), value?.DeepClone());
                break;
            case ("remove", JsonArray array):
                array.RemoveAt(int.Parse(name));
                break;
            case ("replace", JsonArray array):
                array[int.Parse(name)] = value?.DeepClone();
                break;
            case ("add" or "replace", JsonObject holder):
                holder[name] = value?.DeepClone();
                break;
            case ("remove", JsonObject holder):
                holder.Remove(name);
                break;
            case ("test", _):
                var found = parent is JsonArray tested ? tested[int.Parse(name)] : parent[name];
                if (!JsonNode.DeepEquals(found, value))
                {
                    throw new ArgumentException("the server rejected our request due to an error in our request");
                }

                break;
            default:
                throw new ArgumentException($"JSON patch operation \"{operation}\" is not one the fake knows");
        }
    }
}
