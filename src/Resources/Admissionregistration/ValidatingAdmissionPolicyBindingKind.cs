using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Admissionregistration.Checks;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>Rules of <c>admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding</c>: where a policy holds, and with which parameters.</summary>
public sealed class ValidatingAdmissionPolicyBindingKind : ResourceKind<ValidatingAdmissionPolicyBinding>
{
    private static readonly string[] s_actions = ["Audit", "Deny", "Warn"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["api-extensions"];

    /// <inheritdoc/>
    public override void Default(JsonObject value) => AdmissionDefaults.Match(value.Child("spec").Child("matchResources"));

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ValidatingAdmissionPolicyBinding value)
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

        Actions(errors, value.Spec.ValidationActions);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(ValidatingAdmissionPolicyBinding value) => [AdmissionDefaults.NotEnforcedPolicies];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => AdmissionTable.BindingColumns;

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ValidatingAdmissionPolicyBinding value, DateTimeOffset now) =>
        AdmissionTable.BindingCells(value.Metadata, value.Spec.PolicyName, value.Spec.ParamRef, now);

    private static void Actions(FieldErrors errors, IReadOnlyList<string> actions)
    {
        const string Path = "spec.validationActions";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, action) in actions.Index())
        {
            if (!s_actions.Contains(action))
            {
                errors.Add(FieldError.NotSupported($"{Path}[{at}]", action, s_actions));
            }

            if (!seen.Add(action))
            {
                errors.Duplicate($"{Path}[{at}]", action);
            }
        }

        if (seen.Contains("Deny") && seen.Contains("Warn"))
        {
            errors.Invalid(
                Path, FieldErrors.Text(actions),
                "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
        }

        if (actions.Count == 0)
        {
            errors.Required(Path, "at least one validation action is required");
        }
    }
}
