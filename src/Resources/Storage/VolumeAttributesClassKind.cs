using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Storage;

/// <summary>Rules of <c>storage.k8s.io/v1 VolumeAttributesClass</c>: attributes of a volume that may change while it is used.</summary>
public sealed class VolumeAttributesClassKind : ResourceKind<VolumeAttributesClass>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["vac"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(VolumeAttributesClass value)
    {
        var errors = new FieldErrors();
        errors.RequireName("driverName", value.DriverName, name => Names.IsQualifiedName(name.ToLowerInvariant()));
        if (value.Parameters is not { Count: > 0 })
        {
            errors.Required("parameters", "must contain at least one key/value pair");
        }

        StorageClassKind.Parameters(errors, value.Parameters, "parameters");
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(VolumeAttributesClass value, VolumeAttributesClass stored)
    {
        var errors = new FieldErrors();
        if (value.DriverName != stored.DriverName)
        {
            errors.Forbidden("driverName", "updates to driverName are forbidden.");
        }

        if (!JsonComparison.Same(value with { Parameters = stored.Parameters }, value))
        {
            errors.Forbidden("parameters", "updates to parameters are forbidden.");
        }

        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("DriverName", Description: "The driver that knows the attributes."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(VolumeAttributesClass value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.DriverName,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
