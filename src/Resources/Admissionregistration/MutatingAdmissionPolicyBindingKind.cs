using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Admissionregistration.Checks;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>Rules of <c>admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding</c>: where a policy holds, and with which parameters.</summary>
public sealed class MutatingAdmissionPolicyBindingKind : ResourceKind<MutatingAdmissionPolicyBinding>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["api-extensions"];

    /// <inheritdoc/>
    public override void Default(JsonObject value) => AdmissionDefaults.Match(value.Child("spec").Child("matchResources"));

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(MutatingAdmissionPolicyBinding value)
    {
        var errors = new FieldErrors();
        errors.RequireName("spec.policyName", value.Spec.PolicyName, Names.IsDnsSubdomain);
        if (value.Spec.ParamRef is { } reference)
        {
            RuleValidation.Reference(errors, "spec.paramRef", reference);
        }

        if (value.Spec.MatchResources is { } match)
        {
            RuleValidation.Match(errors, "spec.matchResources", match);
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(MutatingAdmissionPolicyBinding value) => [AdmissionDefaults.NotEnforcedPolicies];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => AdmissionTable.BindingColumns;

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(MutatingAdmissionPolicyBinding value, DateTimeOffset now) =>
        AdmissionTable.BindingCells(value.Metadata, value.Spec.PolicyName, value.Spec.ParamRef, now);
}
