using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Service</c>: a stable address for a set of pods.</summary>
public sealed class ServiceKind : ResourceKind<Service>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["svc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.DnsLabel1035;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("spec.clusterIP", service => service.Spec.ClusterIP),
        ("spec.type", service => service.Spec.Type));
}
