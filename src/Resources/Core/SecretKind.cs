using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Secret</c>.</summary>
public sealed class SecretKind : ResourceKind<Secret>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("type", secret => secret.Type));
}
