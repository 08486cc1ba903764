using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 ClusterRoleBinding</c>: who has a role in the cluster.</summary>
public sealed class ClusterRoleBindingKind : ResourceKind<ClusterRoleBinding>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;
}
