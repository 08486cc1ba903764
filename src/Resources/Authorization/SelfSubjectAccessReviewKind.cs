using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Authorization.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authorization;

/// <summary>Rules of <c>authorization.k8s.io/v1 SelfSubjectAccessReview</c>: asks whether the caller may. Created only, never stored.</summary>
public sealed class SelfSubjectAccessReviewKind : ResourceKind<SelfSubjectAccessReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(SelfSubjectAccessReview value) =>
        AccessReviewValidation.Validate(value.Spec.ResourceAttributes, value.Spec.NonResourceAttributes);
}
