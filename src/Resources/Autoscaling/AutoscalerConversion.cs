using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Autoscaling;

/// <summary>HorizontalPodAutoscaler between v1 and v2. What v1 has no field for stands in annotations, in the form upstream gives them.</summary>
internal static class AutoscalerConversion
{
    public const string Metrics = "autoscaling.alpha.kubernetes.io/metrics";
    private const string Behavior = "autoscaling.alpha.kubernetes.io/behavior";
    private const string Conditions = "autoscaling.alpha.kubernetes.io/conditions";
    private const string CurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";

    // The values of a target in v1's annotations, by kind of source: (name in v2's target, name in the annotation).
    private static readonly (string V2, string V1)[] s_resource = [("averageUtilization", "targetAverageUtilization"), ("averageValue", "targetAverageValue")];
    private static readonly (string V2, string V1)[] s_object = [("value", "targetValue"), ("averageValue", "averageValue")];
    private static readonly (string V2, string V1)[] s_external = [("value", "targetValue"), ("averageValue", "targetAverageValue")];
    private static readonly (string V2, string V1)[] s_currentResource = [("averageUtilization", "currentAverageUtilization"), ("averageValue", "currentAverageValue")];
    private static readonly (string V2, string V1)[] s_currentObject = [("value", "currentValue"), ("averageValue", "averageValue")];
    private static readonly (string V2, string V1)[] s_currentExternal = [("value", "currentValue"), ("averageValue", "currentAverageValue")];

    public static JsonObject ToV1(JsonObject value)
    {
        var (spec, status) = (value.Ensure("spec"), value.Ensure("status"));
        var metrics = Take(spec, "metrics") as JsonArray ?? [];
        var others = new JsonArray();
        foreach (var metric in metrics.OfType<JsonObject>())
        {
            if (IsCpu(metric) && metric.Child("resource").Child("target")?["averageUtilization"] is { } target && spec["targetCPUUtilizationPercentage"] is null)
            {
                spec["targetCPUUtilizationPercentage"] = target.DeepClone();
            }
            else
            {
                others.Add(Old(metric, "target", s_resource, s_object, s_external));
            }
        }

        var current = Take(status, "currentMetrics") as JsonArray ?? [];
        var measured = new JsonArray();
        foreach (var metric in current.OfType<JsonObject>())
        {
            if (IsCpu(metric) && metric.Child("resource").Child("current")?["averageUtilization"] is { } used)
            {
                status["currentCPUUtilizationPercentage"] = used.DeepClone();
            }

            measured.Add(Old(metric, "current", s_currentResource, s_currentObject, s_currentExternal));
        }

        Note(value, Metrics, others.Count > 0 ? others : null);
        Note(value, CurrentMetrics, measured.Count > 0 ? measured : null);
        Note(value, Behavior, Take(spec, "behavior"));
        Note(value, Conditions, Take(status, "conditions"));
        status.Default("currentReplicas", 0);
        return value;
    }

    public static JsonObject ToV2(JsonObject value)
    {
        var (spec, status) = (value.Ensure("spec"), value.Ensure("status"));
        var metrics = new JsonArray();
        if (Take(spec, "targetCPUUtilizationPercentage") is { } target)
        {
            metrics.Add(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = target } },
            });
        }

        foreach (var metric in (Unnote(value, Metrics) as JsonArray ?? []).OfType<JsonObject>())
        {
            metrics.Add(New(metric, "target", s_resource, s_object, s_external));
        }

        spec["metrics"] = metrics;
        var current = new JsonArray();
        foreach (var metric in (Unnote(value, CurrentMetrics) as JsonArray ?? []).OfType<JsonObject>())
        {
            current.Add(New(metric, "current", s_currentResource, s_currentObject, s_currentExternal));
        }

        var used = Take(status, "currentCPUUtilizationPercentage");
        if (used is not null && !current.OfType<JsonObject>().Any(IsCpu))
        {
            current.Insert(0, new JsonObject
            {
                ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", ["current"] = new JsonObject { ["averageUtilization"] = used } },
            });
        }

        status["currentMetrics"] = current.Count > 0 ? current : null;
        if (Unnote(value, Behavior) is JsonObject behavior)
        {
            spec["behavior"] = behavior;
        }

        if (Unnote(value, Conditions) is JsonArray conditions)
        {
            status["conditions"] = conditions;
        }

        return value;
    }

    private static bool IsCpu(JsonObject metric) => metric.Text("type") == "Resource" && metric.Child("resource").Text("name") == "cpu";

    private static JsonObject Old(JsonObject metric, string values, (string, string)[] resource, (string, string)[] described, (string, string)[] external)
    {
        var type = metric.Text("type") ?? "";
        var (name, source) = Source(metric, type);
        var made = new JsonObject();
        var pairs = type is "Object" ? described : type is "External" ? external : resource;
        foreach (var (v2, v1) in pairs)
        {
            if (source.Child(values)?[v2] is { } amount)
            {
                made[v1] = amount.DeepClone();
            }
        }

        if (source.Child("metric") is { } measured)
        {
            made["metricName"] = measured["name"]?.DeepClone();
            if (measured["selector"] is { } selector)
            {
                made[type == "External" ? "metricSelector" : "selector"] = selector.DeepClone();
            }
        }

        foreach (var kept in (string[])["name", "container"])
        {
            if (source?[kept] is { } text)
            {
                made[kept] = text.DeepClone();
            }
        }

        if (source?["describedObject"] is { } about)
        {
            made["target"] = about.DeepClone();
        }

        return new JsonObject { ["type"] = type, [name] = made };
    }

    private static JsonObject New(JsonObject metric, string values, (string, string)[] resource, (string, string)[] described, (string, string)[] external)
    {
        var type = metric.Text("type") ?? "";
        var (name, source) = Source(metric, type);
        var (made, amounts) = (new JsonObject(), new JsonObject());
        var pairs = type is "Object" ? described : type is "External" ? external : resource;
        foreach (var (v2, v1) in pairs)
        {
            if (source?[v1] is { } amount && (amount is not JsonValue zero || !zero.TryGetValue<string>(out var text) || text != "0"))
            {
                amounts[v2] = amount.DeepClone();
            }
        }

        if (values == "target")
        {
            amounts.Insert(0, "type", amounts.ContainsKey("averageUtilization") ? "Utilization" : amounts.ContainsKey("averageValue") ? "AverageValue" : "Value");
        }

        foreach (var kept in (string[])["name", "container"])
        {
            if (source?[kept] is { } text)
            {
                made[kept] = text.DeepClone();
            }
        }

        if (source?["metricName"] is { } measured)
        {
            var identifier = new JsonObject { ["name"] = measured.DeepClone() };
            if ((source["metricSelector"] ?? source["selector"]) is { } selector)
            {
                identifier["selector"] = selector.DeepClone();
            }

            made["metric"] = identifier;
        }

        if (type == "Object" && source?["target"] is { } about)
        {
            made["describedObject"] = about.DeepClone();
        }

        made[values] = amounts;
        return new JsonObject { ["type"] = type, [name] = made };
    }

    private static (string Name, JsonObject? Source) Source(JsonObject metric, string type)
    {
        var name = type.Length == 0 ? "" : char.ToLowerInvariant(type[0]) + type[1..];
        return (name, metric.Child(name));
    }

    private static JsonNode? Take(JsonObject from, string name)
    {
        var taken = from[name];
        from.Remove(name);
        return taken;
    }

    private static void Note(JsonObject value, string annotation, JsonNode? content)
    {
        if (content is not null)
        {
            value.Ensure("metadata").Ensure("annotations")[annotation] = content.ToJsonString();
        }
    }

    // Removes the annotation; one that is no JSON says nothing.
    private static JsonNode? Unnote(JsonObject value, string annotation)
    {
        var metadata = value.Ensure("metadata");
        if (metadata.Child("annotations") is not { } annotations || annotations.Text(annotation) is not { } text)
        {
            return null;
        }

        annotations.Remove(annotation);
        if (annotations.Count == 0)
        {
            metadata.Remove("annotations");
        }

        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
