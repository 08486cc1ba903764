using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Resource.Validation;

namespace KubeAspire.Resources.Resource;

/// <summary>Rules of <c>resource.k8s.io/v1 ResourceSlice</c>: some of the devices that a driver offers.</summary>
public sealed class ResourceSliceKind : ResourceKind<ResourceSlice>
{
    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ResourceSlice value) => SliceValidation.Validate(value.Spec);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ResourceSlice value, ResourceSlice stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec.pool.name", value.Spec.Pool.Name, stored.Spec.Pool.Name);
        errors.Unchanged("spec.driver", value.Spec.Driver, stored.Spec.Driver);
        errors.Unchanged("spec.nodeName", value.Spec.NodeName, stored.Spec.NodeName);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } =
        Selectable(("spec.driver", value => value.Spec.Driver), ("spec.nodeName", value => value.Spec.NodeName));

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Node", Description: "Node that has the devices."),
        new("Driver", Description: "Driver that offers them."),
        new("Pool", Description: "Pool that they belong to."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ResourceSlice value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.NodeName ?? "<unset>",
        value.Spec.Driver,
        value.Spec.Pool.Name,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
