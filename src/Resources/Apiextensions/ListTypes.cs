using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>Items of a set, and keys of a list-map, stand once each.</summary>
/// <remarks>apiextensions-apiserver pkg/apiserver/schema/listtype.</remarks>
internal static class ListTypes
{
    public static bool AreUnique(JsonNode value, ValueRules rules)
    {
        var errors = new List<FieldError>();
        Validate(value, rules, "", errors);
        return errors.Count == 0;
    }

    public static void Validate(JsonNode? value, ValueRules rules, string path, List<FieldError> errors)
    {
        switch (value)
        {
            case JsonObject parent when rules.HasListRules:
                foreach (var (name, child) in parent)
                {
                    if (rules.Properties.TryGetValue(name, out var property) || (property = rules.Values) is not null)
                    {
                        Validate(child, property, ValueValidation.Below(path, name), errors);
                    }
                }

                break;
            case JsonArray list when rules.HasListRules:
                Duplicates(list, rules, path, errors);
                for (var i = 0; rules.Items is { HasListRules: true } items && i < list.Count; i++)
                {
                    Validate(list[i], items, At(path, i), errors);
                }

                break;
        }
    }

    /// <summary>The first item that stands in a list a second time; null where there is none.</summary>
    public static int? FirstDuplicate(JsonArray list)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            if (!seen.Add(Identity(list[i])))
            {
                return i;
            }
        }

        return null;
    }

    private static void Duplicates(JsonArray list, ValueRules rules, string path, List<FieldError> errors)
    {
        if (!rules.IsSet && rules.MapKeys.Count == 0)
        {
            return;
        }

        // Each value is told once, however often it is repeated.
        var seen = new Dictionary<string, bool>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var key = rules.IsSet ? list[i] : rules.KeyOf(list[i]);
            if (key is null && !rules.IsSet)
            {
                continue; // No object: the type is told of elsewhere.
            }

            var identity = Identity(key);
            if (!seen.TryAdd(identity, false) && !seen[identity])
            {
                seen[identity] = true;
                errors.Add(FieldError.Duplicate(At(path, i), ValueValidation.Shown(key)) with { IsText = key.AsString() is not null });
            }
        }
    }

    // The same for equal values, whatever the order of their keys.
    private static string Identity(JsonNode? value) => value switch
    {
        JsonObject parent => $"{{{string.Join(',', parent.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{JsonValue.Create(pair.Key).ToJsonString()}:{Identity(pair.Value)}"))}}}",
        JsonArray list => $"[{string.Join(',', list.Select(Identity))}]",
        null => "null",
        _ when value.AsString() is null => ValueValidation.Shown(value),
        _ => value.ToJsonString(),
    };

    private static string At(string path, int index) => $"{path}[{index.ToString(CultureInfo.InvariantCulture)}]";
}
