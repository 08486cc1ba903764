using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 Deployment</c>.</summary>
public sealed class DeploymentKind : ResourceKind<Deployment>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["deploy"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override ScaleMapping? Scale { get; } = new("spec.replicas", "status.replicas", "spec.selector");
}
