using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 ServiceAccount</c>.</summary>
public sealed class ServiceAccountKind : ResourceKind<ServiceAccount>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["sa"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
