using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 PodTemplate</c>: a template on its own.</summary>
public sealed class PodTemplateKind : ResourceKind<PodTemplate>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
