using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.AutoscalingV2;

/// <summary>What an autoscaler measures and aims at, as kubectl shows it: <c>cpu: 30%/80%</c>.</summary>
internal static class MetricCells
{
    private const int MostShown = 2;

    public static string Targets(HorizontalPodAutoscaler value)
    {
        var metrics = value.Spec.Metrics ?? [];
        if (metrics.Count == 0)
        {
            return "<none>";
        }

        var current = value.Status.CurrentMetrics ?? [];
        var shown = metrics.Take(MostShown).Select((metric, at) => Of(metric, at < current.Count ? current[at] : null));
        return string.Join(", ", shown) + (metrics.Count > MostShown ? $" + {metrics.Count - MostShown} more..." : "");
    }

    private static string Of(MetricSpec metric, MetricStatus? now) => metric.Type switch
    {
        "Resource" => Named(metric.Resource?.Name, now?.Resource?.Current, metric.Resource?.Target),
        "ContainerResource" => Named(metric.ContainerResource?.Name, now?.ContainerResource?.Current, metric.ContainerResource?.Target),
        "External" => Plain(now?.External?.Current, metric.External?.Target),
        "Pods" => Plain(now?.Pods?.Current, metric.Pods?.Target),
        "Object" => Plain(now?.Object?.Current, metric.Object?.Target),
        _ => "<unknown type>",
    };

    private static string Named(string? name, MetricValueStatus? now, MetricTarget? target) => target?.AverageValue is { } average
        ? $"{name}: {now?.AverageValue?.ToString() ?? "<unknown>"}/{average}"
        : $"{name}: {(now?.AverageUtilization is { } used ? $"{used}%" : "<unknown>")}/{(target?.AverageUtilization is { } wanted ? $"{wanted}%" : "<auto>")}";

    private static string Plain(MetricValueStatus? now, MetricTarget? target) => target?.AverageValue is { } average
        ? $"{now?.AverageValue?.ToString() ?? "<unknown>"}/{average} (avg)"
        : $"{now?.Value?.ToString() ?? "<unknown>"}/{target?.Value?.ToString() ?? "<unknown>"}";
}
