using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 ReplicaSet</c>.</summary>
public sealed class ReplicaSetKind : ResourceKind<ReplicaSet>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["rs"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("status.replicas", rs => rs.Status.Replicas.ToString()));

    /// <inheritdoc/>
    public override ScaleMapping? Scale { get; } = new("spec.replicas", "status.replicas", "spec.selector");
}
