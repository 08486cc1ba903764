using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Binding</c>: says on which node a pod runs. Created only, never stored.</summary>
public sealed class BindingKind : ResourceKind<Binding>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
