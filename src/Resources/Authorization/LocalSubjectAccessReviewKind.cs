using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Authorization.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authorization;

/// <summary>Rules of <c>authorization.k8s.io/v1 LocalSubjectAccessReview</c>: asks whether someone may, in one namespace. Created only, never stored.</summary>
public sealed class LocalSubjectAccessReviewKind : ResourceKind<LocalSubjectAccessReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(LocalSubjectAccessReview value)
    {
        var errors = AccessReviewValidation.Validate(value.Spec);
        if (value.Spec.ResourceAttributes is { } resource && resource.Namespace != value.Metadata.Namespace)
        {
            errors.Invalid("spec.resourceAttributes.namespace", resource.Namespace ?? "", "must match metadata.namespace");
        }

        if (value.Spec.NonResourceAttributes is { } nonResource)
        {
            errors.Invalid("spec.nonResourceAttributes", JsonComparison.Text(nonResource), "disallowed on this kind of request");
        }

        return errors;
    }
}
