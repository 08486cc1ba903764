using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Coordination;

/// <summary>Rules of <c>coordination.k8s.io/v1 Lease</c>: who holds something, and until when.</summary>
public sealed class LeaseKind : ResourceKind<Lease>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Lease value)
    {
        var errors = new FieldErrors();
        if (value.Spec.LeaseDurationSeconds is { } seconds and <= 0)
        {
            errors.Invalid("spec.leaseDurationSeconds", FieldErrors.Text(seconds), "must be greater than 0");
        }

        errors.NotNegative("spec.leaseTransitions", value.Spec.LeaseTransitions);
        if (value.Spec.PreferredHolder is { Length: > 0 } && string.IsNullOrEmpty(value.Spec.Strategy))
        {
            errors.Forbidden("spec.preferredHolder", "may only be specified when `strategy` is set");
        }

        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Holder", Description: "Who holds it."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Lease value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.HolderIdentity ?? "",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
