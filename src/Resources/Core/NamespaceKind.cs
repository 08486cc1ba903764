using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Namespace</c>.</summary>
public sealed class NamespaceKind : ResourceKind<Namespace>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ns"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.DnsLabel;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("status.phase", ns => ns.Status.Phase),
        ("name", ns => ns.Metadata.Name));
}
