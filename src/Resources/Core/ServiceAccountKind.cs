using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 ServiceAccount</c>.</summary>
public sealed class ServiceAccountKind : ResourceKind<ServiceAccount>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["sa"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Secrets", Description: "Number of secrets that it names."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ServiceAccount value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Secrets?.Count ?? 0,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
