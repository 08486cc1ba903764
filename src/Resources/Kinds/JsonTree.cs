using System.Text.Json.Nodes;

namespace KubeAspire.Resources.Kinds;

/// <summary>Reading and completing a JSON tree of unknown quality: a member of another shape than expected counts as absent.</summary>
internal static class JsonTree
{
    public static JsonObject? Child(this JsonObject? node, string name) => node?[name] as JsonObject;

    /// <summary>The object members of a list.</summary>
    public static IEnumerable<JsonObject> Items(this JsonObject? node, string name) => (node?[name] as JsonArray ?? []).OfType<JsonObject>();

    public static string? Text(this JsonObject? node, string name) => node?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static bool IsTrue(this JsonObject? node, string name) => node?[name] is JsonValue value && value.TryGetValue<bool>(out var found) && found;

    public static long? Number(this JsonObject? node, string name) => node?[name] switch
    {
        JsonValue value when value.TryGetValue<long>(out var found) => found,
        // A number that was set here as an int, not read from text, is found as nothing else.
        JsonValue value when value.TryGetValue<int>(out var small) => small,
        _ => null,
    };

    /// <summary>The object of this name, made where there is none.</summary>
    public static JsonObject Ensure(this JsonObject node, string name)
    {
        if (node[name] is JsonObject found)
        {
            return found;
        }

        var made = new JsonObject();
        if (node[name] is null)
        {
            node[name] = made;
        }

        return made;
    }

    /// <summary>Whether a list of this name is there and holds something.</summary>
    public static bool HasItems(this JsonObject? node, string name) => node?[name] is JsonArray { Count: > 0 };

    /// <summary>Sets a member that is absent or null.</summary>
    public static void Default(this JsonObject node, string name, JsonNode value)
    {
        if (node[name] is null)
        {
            node[name] = value;
        }
    }

    /// <summary>Sets a string that is absent, null or empty: upstream's string fields know no difference.</summary>
    public static void DefaultText(this JsonObject node, string name, string value)
    {
        if (node[name] is null || node.Text(name) is { Length: 0 })
        {
            node[name] = value;
        }
    }

    /// <summary>Sets a number that is absent, null or zero: upstream's number fields without a pointer know no difference.</summary>
    public static void DefaultNumber(this JsonObject node, string name, int value)
    {
        if (node[name] is null || node.Number(name) is 0)
        {
            node[name] = value;
        }
    }
}
