using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Authorization.Validation;

/// <summary>What a question about access must say.</summary>
/// <remarks>Upstream's pkg/apis/authorization/validation.</remarks>
internal static class AccessReviewValidation
{
    public static FieldErrors Validate(SubjectAccessReviewSpec spec)
    {
        var errors = Validate(spec.ResourceAttributes, spec.NonResourceAttributes);
        if (string.IsNullOrEmpty(spec.User) && spec.Groups is not { Count: > 0 })
        {
            errors.Invalid("spec.user", spec.User ?? "", "at least one of user or group must be specified");
        }

        return errors;
    }

    public static FieldErrors Validate(ResourceAttributes? resource, NonResourceAttributes? nonResource)
    {
        var errors = new FieldErrors();
        if (resource is not null && nonResource is not null)
        {
            errors.Invalid("spec.nonResourceAttributes", JsonComparison.Text(nonResource), "cannot be specified in combination with resourceAttributes");
        }

        if (resource is null && nonResource is null)
        {
            errors.Invalid("spec.resourceAttributes", "null", "exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }

        return errors;
    }
}
