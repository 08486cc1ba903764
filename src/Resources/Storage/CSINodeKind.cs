using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Storage;

/// <summary>Rules of <c>storage.k8s.io/v1 CSINode</c>: the storage drivers of a node.</summary>
public sealed class CSINodeKind : ResourceKind<CSINode>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(CSINode value)
    {
        const int MaximumNodeId = 256; // bytes, pkg/apis/storage/validation
        var errors = new FieldErrors();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, driver) in value.Spec.Drivers.Index())
        {
            var path = $"spec.drivers[{at}]";
            errors.RequireName($"{path}.name", driver.Name, name => Names.IsDnsSubdomain(name.ToLowerInvariant()));
            if (!names.Add(driver.Name))
            {
                errors.Duplicate($"{path}.name", driver.Name);
            }

            if (driver.NodeID.Length == 0)
            {
                errors.Required($"{path}.nodeID");
            }
            else if (driver.NodeID.Length > MaximumNodeId)
            {
                errors.Invalid($"{path}.nodeID", driver.NodeID, $"must be {MaximumNodeId} characters or less");
            }

            errors.NotNegative($"{path}.allocatable.count", driver.Allocatable?.Count);
            foreach (var (index, key) in (driver.TopologyKeys ?? []).Index())
            {
                if (driver.TopologyKeys!.Take(index).Contains(key))
                {
                    errors.Duplicate($"{path}.topologyKeys", key);
                }

                errors.Invalid($"{path}.topologyKeys", key, Names.IsQualifiedName(key));
            }
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(CSINode value, CSINode stored)
    {
        var errors = new FieldErrors();
        foreach (var old in stored.Spec.Drivers)
        {
            if (value.Spec.Drivers.FirstOrDefault(driver => driver.Name == old.Name) is { } now
                && !JsonComparison.Same(now with { Allocatable = old.Allocatable }, old))
            {
                errors.Invalid("spec.drivers", now.Name, FieldErrors.Immutable);
            }
        }

        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Drivers", "integer", Description: "How many drivers the node has."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(CSINode value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.Drivers.Count,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
