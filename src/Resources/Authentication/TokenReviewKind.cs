using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authentication;

/// <summary>Rules of <c>authentication.k8s.io/v1 TokenReview</c>: asks whose token this is. Created only, never stored.</summary>
public sealed class TokenReviewKind : ResourceKind<TokenReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(TokenReview value) =>
        value.Spec.Token.Length == 0 ? [FieldError.Required("spec.token", "token is required for TokenReview in authentication")] : [];
}
