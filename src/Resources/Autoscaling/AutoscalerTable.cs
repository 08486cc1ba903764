using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Autoscaling;

/// <summary>The table of a HorizontalPodAutoscaler, in both of its versions.</summary>
internal static class AutoscalerTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Reference", Description: "What is scaled."),
        new("Targets", Description: "What is measured, of what is aimed at."),
        new("MinPods", Description: "Never fewer."),
        new("MaxPods", "integer", Description: "Never more."),
        new("Replicas", "integer", Description: "How many there are."),
        TableColumn.Age,
    ];

    public static IReadOnlyList<object?> Cells(
        ObjectMeta metadata, string reference, string targets, int? least, int most, int current, DateTimeOffset now) =>
    [
        metadata.Name,
        reference,
        targets,
        least is { } given ? FieldErrors.Text(given) : "<unset>",
        most,
        current,
        TableCells.Age(metadata.CreationTimestamp, now),
    ];
}
