using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Node</c>: a machine that runs pods.</summary>
public sealed class NodeKind : ResourceKind<Node>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["no"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("spec.unschedulable", node => node.Spec.Unschedulable == true ? "true" : "false"));
}
