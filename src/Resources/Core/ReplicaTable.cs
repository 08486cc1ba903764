using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>The table of a ReplicaSet and of a ReplicationController, which kubectl shows alike.</summary>
internal static class ReplicaTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Desired", "integer", Description: "Pods wanted."),
        new("Current", "integer", Description: "Pods that exist."),
        new("Ready", "integer", Description: "Pods that are ready."),
        TableColumn.Age,
        new("Containers", Priority: 1, Description: "Names of the containers."),
        new("Images", Priority: 1, Description: "Images of the containers."),
        new("Selector", Priority: 1, Description: "Which pods are counted."),
    ];

    public static IReadOnlyList<object?> Cells(
        ObjectMeta metadata, int? desired, int current, int? ready, PodTemplateSpec? template, string selector, DateTimeOffset now) =>
    [
        metadata.Name,
        desired ?? 1,
        current,
        ready ?? 0,
        TableCells.Age(metadata.CreationTimestamp, now),
        TemplateCells.Containers(template),
        TemplateCells.Images(template),
        selector,
    ];
}
