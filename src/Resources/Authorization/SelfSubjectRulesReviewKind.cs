using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authorization;

/// <summary>Rules of <c>authorization.k8s.io/v1 SelfSubjectRulesReview</c>: asks what the caller may. Created only, never stored.</summary>
public sealed class SelfSubjectRulesReviewKind : ResourceKind<SelfSubjectRulesReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(SelfSubjectRulesReview value) =>
        string.IsNullOrEmpty(value.Spec.Namespace) ? [FieldError.Required("spec.namespace", "no namespace on request")] : [];
}
