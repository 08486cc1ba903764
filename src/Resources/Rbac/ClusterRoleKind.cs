using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 ClusterRole</c>: what may be done in the cluster.</summary>
public sealed class ClusterRoleKind : ResourceKind<ClusterRole>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;
}
