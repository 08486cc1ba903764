using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Authorization;

/// <summary>Rules of <c>authorization.k8s.io/v1 LocalSubjectAccessReview</c>: asks whether someone may, in one namespace. Created only, never stored.</summary>
public sealed class LocalSubjectAccessReviewKind : ResourceKind<LocalSubjectAccessReview>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
