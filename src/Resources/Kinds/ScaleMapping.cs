using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;

namespace KubeAspire.Resources.Kinds;

/// <summary>How a kind is seen through its scale subresource: where its replicas and its selector stand.</summary>
/// <param name="SpecReplicas">Path of the wanted number, such as <c>spec.replicas</c>.</param>
/// <param name="StatusReplicas">Path of the counted number, such as <c>status.replicas</c>.</param>
/// <param name="Selector">Path of a LabelSelector, a map of labels or a selector string; null for none.</param>
/// <remarks>The paths are those a CRD's <c>subresources.scale</c> names, without the leading dot.</remarks>
public sealed record ScaleMapping(string SpecReplicas, string StatusReplicas, string? Selector)
{
    private static readonly string[] s_copiedMetadata = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];

    /// <summary>The <c>autoscaling/v1 Scale</c> of an object.</summary>
    public JsonObject Read(JsonObject stored)
    {
        var metadata = new JsonObject();
        foreach (var name in s_copiedMetadata)
        {
            if (stored["metadata"]?[name] is { } copied)
            {
                metadata[name] = copied.DeepClone();
            }
        }

        var status = new JsonObject { ["replicas"] = NumberAt(stored, StatusReplicas) };
        if (Selector is not null && LabelSelectorText.Of(Find(stored, Selector)) is { Length: > 0 } selector)
        {
            status["selector"] = selector;
        }

        var spec = new JsonObject();
        if (NumberAt(stored, SpecReplicas) is var replicas and not 0)
        {
            spec["replicas"] = replicas;
        }

        return new JsonObject
        {
            ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata, ["spec"] = spec, ["status"] = status,
        };
    }

    /// <summary>Sets the replicas that a submitted Scale asks for; an absent number is zero, as upstream reads it.</summary>
    public void Write(JsonObject scale, JsonObject target)
    {
        var path = SpecReplicas.Split('.');
        var at = target;
        foreach (var name in path[..^1])
        {
            at = at.Ensure(name);
        }

        at[path[^1]] = NumberAt(scale, "spec.replicas");
    }

    /// <summary>Every broken rule of a submitted Scale.</summary>
    public static IEnumerable<FieldError> Validate(JsonObject scale)
    {
        var replicas = NumberAt(scale, "spec.replicas");
        if (replicas < 0)
        {
            yield return FieldError.Invalid("spec.replicas", replicas.ToString(), "must be greater than or equal to 0");
        }
    }

    private static JsonNode? Find(JsonNode? value, string path) => path.Split('.').Aggregate(value, (at, name) => (at as JsonObject)?[name]);

    private static int NumberAt(JsonObject value, string path) => Find(value, path) is JsonValue number && number.TryGetValue<int>(out var found) ? found : 0;
}
