using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Authorization.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authorization;

/// <summary>Rules of <c>authorization.k8s.io/v1 SubjectAccessReview</c>: asks whether someone may. Created only, never stored.</summary>
public sealed class SubjectAccessReviewKind : ResourceKind<SubjectAccessReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(SubjectAccessReview value) => AccessReviewValidation.Validate(value.Spec);
}
