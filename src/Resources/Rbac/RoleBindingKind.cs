using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 RoleBinding</c>: who has a role in a namespace.</summary>
public sealed class RoleBindingKind : ResourceKind<RoleBinding>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;
}
