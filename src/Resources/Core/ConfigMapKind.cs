using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 ConfigMap</c>.</summary>
public sealed class ConfigMapKind : ResourceKind<ConfigMap>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["cm"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
