using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 ReplicationController</c>: ReplicaSet before it had set-based selectors.</summary>
public sealed class ReplicationControllerKind : ResourceKind<ReplicationController>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["rc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("status.replicas", rc => rc.Status.Replicas.ToString()));

    /// <inheritdoc/>
    public override ScaleMapping? Scale { get; } = new("spec.replicas", "status.replicas", "spec.selector");
}
