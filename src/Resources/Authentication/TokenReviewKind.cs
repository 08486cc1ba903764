using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authentication;

/// <summary>Rules of <c>authentication.k8s.io/v1 TokenReview</c>: asks whose token this is. Created only, never stored.</summary>
public sealed class TokenReviewKind : ResourceKind<TokenReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
