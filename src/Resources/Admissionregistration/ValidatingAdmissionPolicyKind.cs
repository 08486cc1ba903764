using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Admissionregistration.Checks;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>Rules of <c>admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy</c>: expressions that a write must satisfy.</summary>
public sealed class ValidatingAdmissionPolicyKind : ResourceKind<ValidatingAdmissionPolicy>
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
    protected override IEnumerable<FieldError> Validate(ValidatingAdmissionPolicy value) => PolicyValidation.Validate(value.Metadata.Name ?? "", value.Spec);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(ValidatingAdmissionPolicy value) => [AdmissionDefaults.NotEnforcedPolicies];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Validations", "integer", Description: "How many expressions it checks."),
        new("ParamKind", Description: "Kind of its parameters."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ValidatingAdmissionPolicy value, DateTimeOffset now) =>
        [value.Metadata.Name, value.Spec.Validations?.Count ?? 0, AdmissionTable.Kind(value.Spec.ParamKind), TableCells.Age(value.Metadata.CreationTimestamp, now)];
}
