using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 Role</c>: what may be done in a namespace.</summary>
public sealed class RoleKind : ResourceKind<Role>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;
}
