using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Patching;

/// <summary>JSON merge patch, RFC 7386.</summary>
public static class MergePatch
{
    /// <summary>Applies a patch.</summary>
    /// <returns>A new tree; neither argument is changed.</returns>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = target is JsonObject existing ? (JsonObject)existing.DeepClone() : [];
        Merge(result, changes);
        return result;
    }

    private static void Merge(JsonObject target, JsonObject changes)
    {
        foreach (var (name, change) in changes)
        {
            if (change is null)
            {
                target.Remove(name);
            }
            else if (change is JsonObject nested)
            {
                if (target[name] is not JsonObject child)
                {
                    target[name] = child = [];
                }

                Merge(child, nested);
            }
            else
            {
                target[name] = change.DeepClone();
            }
        }
    }
}
