using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authentication;

/// <summary>Rules of <c>authentication.k8s.io/v1 SelfSubjectReview</c>: asks who the caller is. Created only, never stored.</summary>
public sealed class SelfSubjectReviewKind : ResourceKind<SelfSubjectReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
