using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Storage;

/// <summary>Rules of <c>storage.k8s.io/v1 CSIStorageCapacity</c>: how much room a driver has for a class, and where.</summary>
public sealed class CSIStorageCapacityKind : ResourceKind<CSIStorageCapacity>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(CSIStorageCapacity value)
    {
        var errors = new FieldErrors();
        errors.RequireName("storageClassName", value.StorageClassName, Names.IsDnsSubdomain);
        errors.Selector("nodeTopology", value.NodeTopology);
        foreach (var (name, amount) in new[] { ("capacity", value.Capacity), ("maximumVolumeSize", value.MaximumVolumeSize) })
        {
            if (amount is { } set && Quantity.TryParse(set.ToString(), out var parsed, out _) && parsed.Sign < 0)
            {
                errors.Invalid(name, set.ToString(), FieldErrors.MustNotBeNegative);
            }
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(CSIStorageCapacity value, CSIStorageCapacity stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("nodeTopology", value.NodeTopology, stored.NodeTopology);
        errors.Unchanged("storageClassName", value.StorageClassName, stored.StorageClassName);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("StorageClassName", Description: "The class that the room is for."),
        new("Capacity", Description: "How much is left."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(CSIStorageCapacity value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.StorageClassName,
        value.Capacity?.ToString() ?? "",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
