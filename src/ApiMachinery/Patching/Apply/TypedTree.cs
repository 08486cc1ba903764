using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Patching.Apply;

/// <summary>What two states of an object differ in.</summary>
/// <param name="Added">Paths that only the second has.</param>
/// <param name="Modified">Paths whose value changed.</param>
/// <param name="Removed">Paths that only the first has.</param>
internal sealed record Comparison(FieldSet Added, FieldSet Modified, FieldSet Removed);

/// <summary>A list in an applied object in which two items have the same key. Stays inside the manager, which turns it into a refusal.</summary>
internal sealed class DuplicateItemException(string message) : Exception(message);

/// <summary>An object seen through its schema: which parts are owned one by one, and which as a whole.</summary>
/// <remarks>The walks of sigs.k8s.io/structured-merge-diff typed: to a set of paths, compare, merge, and remove by paths.</remarks>
internal static class TypedTree
{
    // Read only.
    private static readonly JsonObject s_nothing = [];

    private enum Shape
    {
        Leaf,
        Map,
        List,
    }

    /// <summary>The schema of a child, or null where it has none.</summary>
    public static Schema? Below(Schema? schema, PathElement element) => schema?.Type switch
    {
        SchemaType.Object when element.Kind == PathElementKind.Field => schema.Properties.GetValueOrDefault(element.Text),
        SchemaType.Map when element.Kind == PathElementKind.Field => schema.Values,
        SchemaType.Array => schema.Items,
        _ => null,
    };

    /// <summary>The paths that an object names.</summary>
    /// <exception cref="DuplicateItemException">A list holds two items of one key, and that is not allowed: in an applied object it is not.</exception>
    public static FieldSet PathsOf(JsonObject value, Schema? schema, bool allowDuplicates = false)
    {
        var set = new FieldSet();
        Collect(value, schema, [], set, allowDuplicates);
        return set;
    }

    private static void Collect(JsonNode? value, Schema? schema, List<PathElement> path, FieldSet set, bool allowDuplicates)
    {
        switch (ShapeOf(value, schema))
        {
            case Shape.Map:
                var map = (JsonObject)value!;
                foreach (var name in NamesOf(map, null))
                {
                    var child = map[name];
                    path.Add(PathElement.Field(name));
                    Collect(child, Below(schema, path[^1]), path, set, allowDuplicates);
                    if (child is null or JsonObject { Count: 0 } || !IsDeclared(schema, name))
                    {
                        set.Insert(CollectionsMarshal.AsSpan(path));
                    }

                    path.RemoveAt(path.Count - 1);
                }

                break;
            case Shape.List:
                var seen = new HashSet<PathElement>();
                foreach (var item in (JsonArray)value!)
                {
                    var element = ElementOf(item, schema!);
                    if (!seen.Add(element) && !allowDuplicates)
                    {
                        throw new DuplicateItemException($"{string.Concat(path)}: duplicate entries for key {element}");
                    }

                    path.Add(element);
                    Collect(item, schema!.Items, path, set, allowDuplicates);
                    set.Insert(CollectionsMarshal.AsSpan(path));
                    path.RemoveAt(path.Count - 1);
                }

                break;
            default:
                set.Insert(CollectionsMarshal.AsSpan(path));
                break;
        }
    }

    /// <summary>What changes from one state to the other.</summary>
    public static Comparison Compare(JsonObject? before, JsonObject? after, Schema? schema)
    {
        var result = new Comparison(new FieldSet(), new FieldSet(), new FieldSet());
        Compare(before ?? s_nothing, after ?? s_nothing, schema, [], result);
        return result;
    }

    private static void Compare(JsonNode? before, JsonNode? after, Schema? schema, List<PathElement> path, Comparison result)
    {
        var shape = before is null ? ShapeOf(after, schema) : after is null ? ShapeOf(before, schema) : ShapeOf(before, schema);
        var isLeaf = shape == Shape.Leaf || (before is not null && after is not null && ShapeOf(after, schema) != shape) || (IsEmpty(before) && IsEmpty(after));
        if (!isLeaf && shape == Shape.Map)
        {
            var (old, now) = (before as JsonObject, after as JsonObject);
            foreach (var name in NamesOf(now, old))
            {
                var element = PathElement.Field(name);
                var property = Below(schema, element);
                path.Add(element);
                Compare(Standing(old, name, schema, property), Standing(now, name, schema, property), property, path, result);
                path.RemoveAt(path.Count - 1);
            }
        }
        else if (!isLeaf)
        {
            var (old, now) = (ItemsOf(before as JsonArray, schema!), ItemsOf(after as JsonArray, schema!));
            foreach (var element in old.Keys.Union(now.Keys).Order())
            {
                path.Add(element);
                Compare(old.GetValueOrDefault(element), now.GetValueOrDefault(element), schema!.Items, path, result);
                path.RemoveAt(path.Count - 1);
            }
        }

        if (before is null)
        {
            result.Added.Insert(CollectionsMarshal.AsSpan(path));
        }
        else if (after is null)
        {
            result.Removed.Insert(CollectionsMarshal.AsSpan(path));
        }
        else if (isLeaf && !JsonNode.DeepEquals(before, after))
        {
            result.Modified.Insert(CollectionsMarshal.AsSpan(path));
        }
    }

    // In the order of path elements: a set is cheapest to make in order.
    private static List<string> NamesOf(JsonObject? first, JsonObject? second)
    {
        var names = new List<string>(Math.Max(first?.Count ?? 0, second?.Count ?? 0));
        foreach (var (name, _) in first ?? s_nothing)
        {
            names.Add(name);
        }

        foreach (var (name, _) in second ?? s_nothing)
        {
            if (first?.ContainsKey(name) != true)
            {
                names.Add(name);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    // Upstream's types have their plain structs and required lists always: they are neither added nor removed, only what is in them.
    private static JsonNode? Standing(JsonObject? parent, string name, Schema? schema, Schema? property)
    {
        if (parent is null || parent[name] is { } child)
        {
            return parent?[name];
        }

        var isAlways = schema?.Type == SchemaType.Object && property is { Pointer: false, WirePath.Count: > 0 };
        return isAlways && property!.Type == SchemaType.Object ? new JsonObject()
            : isAlways && property!.Type == SchemaType.Array && property.Required ? new JsonArray()
            : null;
    }

    /// <summary>The live state with an applied state laid over it. A new tree.</summary>
    public static JsonNode? Merge(JsonNode? live, JsonNode? applied, Schema? schema)
    {
        if (live is null || applied is null)
        {
            return (applied ?? live)?.DeepClone();
        }

        var shape = ShapeOf(applied, schema);
        if (shape == Shape.Leaf || ShapeOf(live, schema) != shape)
        {
            return applied.DeepClone();
        }

        if (shape == Shape.List)
        {
            return MergeLists((JsonArray)live, (JsonArray)applied, schema!);
        }

        var result = (JsonObject)live.DeepClone();
        foreach (var (name, child) in (JsonObject)applied)
        {
            result[name] = Merge(live[name], child, Below(schema, PathElement.Field(name)));
        }

        return result;
    }

    // Applied items keep their order; an item that only the live list has comes before the first applied item that it stood before.
    private static JsonArray MergeLists(JsonArray live, JsonArray applied, Schema schema)
    {
        var result = new JsonArray();
        var old = live.Select(item => (Element: ElementOf(item, schema), Item: item)).ToList();
        var now = applied.Select(item => (Element: ElementOf(item, schema), Item: item)).ToList();
        var named = now.Select(pair => pair.Element).ToHashSet();
        var done = new HashSet<PathElement>();
        int i = 0, j = 0;
        while (i < old.Count || j < now.Count)
        {
            if (i < old.Count && !named.Contains(old[i].Element))
            {
                result.Add(old[i++].Item?.DeepClone());
                continue;
            }

            if (i < old.Count && done.Contains(old[i].Element))
            {
                i++;
                continue;
            }

            if (j >= now.Count)
            {
                i++;
                continue;
            }

            var (element, item) = now[j++];
            var counterpart = old.FirstOrDefault(pair => pair.Element == element).Item;
            result.Add(Merge(counterpart, item, schema.Items));
            done.Add(element);
        }

        return result;
    }

    /// <summary>A tree without the given paths. A new tree; null where nothing is left.</summary>
    public static JsonNode? Remove(JsonNode? value, FieldSet paths, Schema? schema)
    {
        switch (ShapeOf(value, schema))
        {
            case Shape.Map:
                var map = new JsonObject();
                foreach (var (name, child) in (JsonObject)value!)
                {
                    var element = PathElement.Field(name);
                    if (!paths.HasMember(element) && Kept(child, element) is var kept && (kept is not null || child is null))
                    {
                        map[name] = kept;
                    }
                }

                return map.Count > 0 || value is JsonObject { Count: 0 } ? map : null;
            case Shape.List:
                var list = new JsonArray();
                foreach (var item in (JsonArray)value!)
                {
                    var element = ElementOf(item, schema!);
                    if (!paths.HasMember(element) && Kept(item, element) is { } kept)
                    {
                        list.Add(kept);
                    }
                }

                return list.Count > 0 || value is JsonArray { Count: 0 } ? list : null;
            default:
                return value?.DeepClone();
        }

        JsonNode? Kept(JsonNode? child, PathElement element) =>
            paths.Below(element) is { } below ? Remove(child, below, Below(schema, element)) : child?.DeepClone();
    }

    private static bool IsDeclared(Schema? schema, string name) => schema?.Type == SchemaType.Object && schema.Properties.ContainsKey(name);

    private static bool IsEmpty(JsonNode? node) => node is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private static Shape ShapeOf(JsonNode? value, Schema? schema) => value switch
    {
        JsonObject when schema is null => Shape.Map,
        JsonObject when schema.Type == SchemaType.Any => schema.Format is null ? Shape.Map : Shape.Leaf,
        JsonObject => schema.AtomicMap ? Shape.Leaf : Shape.Map,
        JsonArray when schema is { Type: SchemaType.Array, ListType: ListType.Set or ListType.Map } => Shape.List,
        _ => Shape.Leaf,
    };

    // Of two items with one key the first counts; a live list may hold such.
    private static Dictionary<PathElement, JsonNode?> ItemsOf(JsonArray? list, Schema schema)
    {
        var items = new Dictionary<PathElement, JsonNode?>();
        foreach (var item in list ?? [])
        {
            items.TryAdd(ElementOf(item, schema), item);
        }

        return items;
    }

    private static PathElement ElementOf(JsonNode? item, Schema schema)
    {
        if (schema.ListType == ListType.Set || item is not JsonObject map)
        {
            return PathElement.Value(item);
        }

        if (schema.ListMapKeys is [var only] && map[only].AsString() is { } name)
        {
            return PathElement.Key(only, name);
        }

        var fields = new List<KeyValuePair<string, JsonNode?>>();
        foreach (var key in schema.ListMapKeys)
        {
            if ((map[key] ?? Standard(schema, key)) is { } value)
            {
                fields.Add(new(key, value));
            }
        }

        return PathElement.Key(fields);
    }

    // A key field may be left out where it has a default. The only one in the built-in kinds is a port's protocol.
    private static JsonNode? Standard(Schema schema, string key) =>
        schema.Items?.Properties.GetValueOrDefault(key)?.Default ?? (key == "protocol" && schema.WirePath.Count > 0 ? JsonValue.Create("TCP") : null);
}
