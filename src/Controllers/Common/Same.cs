using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.Resources;

namespace KubeAspire.Controllers.Common;

/// <summary>Equality by what would be stored. Records compare the lists and dictionaries in them by reference, which decides nothing.</summary>
internal static class Same
{
    /// <summary>Whether two values say the same, whatever the order of their dictionaries.</summary>
    public static bool Value<T>(T? left, T? right)
        where T : class => ReferenceEquals(left, right) || (left is not null && right is not null && Text(left) == Text(right));

    /// <summary>Whether two dictionaries hold the same pairs; null is empty.</summary>
    public static bool Map(IReadOnlyDictionary<string, string>? left, IReadOnlyDictionary<string, string>? right)
    {
        if ((left?.Count ?? 0) != (right?.Count ?? 0))
        {
            return false;
        }

        foreach (var (key, value) in left ?? new Dictionary<string, string>())
        {
            if (!right!.TryGetValue(key, out var other) || other != value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A text that two values share exactly when they say the same: JSON with sorted names, without nulls and empty metadata maps.</summary>
    public static string Text<T>(T value)
        where T : class => Canonical(JsonNode.Parse(KubernetesJson.Write(value)));

    /// <summary>The same of a JSON tree.</summary>
    public static string Canonical(JsonNode? node) => Sorted(node)?.ToJsonString(Plain) ?? "";

    private static readonly JsonSerializerOptions Plain = new() { WriteIndented = false };

    private static JsonNode? Sorted(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                var sorted = new JsonObject();
                foreach (var (name, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    var inner = Sorted(value);
                    if (inner is null || (name is "labels" or "annotations" or "ownerReferences" && IsEmpty(inner)))
                    {
                        continue;
                    }

                    sorted[name] = inner;
                }

                return sorted;
            case JsonArray array:
                return new JsonArray([.. array.Select(Sorted)]);
            default:
                return node?.DeepClone();
        }
    }

    private static bool IsEmpty(JsonNode node) => node is JsonObject { Count: 0 } or JsonArray { Count: 0 };
}
