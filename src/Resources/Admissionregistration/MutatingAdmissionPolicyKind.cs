using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Admissionregistration.Checks;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>Rules of <c>admissionregistration.k8s.io/v1 MutatingAdmissionPolicy</c>: expressions that change a write.</summary>
public sealed class MutatingAdmissionPolicyKind : ResourceKind<MutatingAdmissionPolicy>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["api-extensions"];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is { } spec)
        {
            spec.Default("failurePolicy", "Fail");
            AdmissionDefaults.Match(spec.Child("matchConstraints"));
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(MutatingAdmissionPolicy value) => PolicyValidation.Validate(value.Spec);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(MutatingAdmissionPolicy value) => [AdmissionDefaults.NotEnforcedPolicies];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Mutations", "integer", Description: "How many expressions it applies."),
        new("ParamKind", Description: "Kind of its parameters."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(MutatingAdmissionPolicy value, DateTimeOffset now) =>
        [value.Metadata.Name, value.Spec.Mutations?.Count ?? 0, AdmissionTable.Kind(value.Spec.ParamKind), TableCells.Age(value.Metadata.CreationTimestamp, now)];
}
