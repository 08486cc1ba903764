using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Binding</c>: says on which node a pod runs. Created only, never stored.</summary>
public sealed class BindingKind : ResourceKind<Binding>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Binding value)
    {
        if (!string.IsNullOrEmpty(value.Target.Kind) && value.Target.Kind != "Node")
        {
            yield return FieldError.NotSupported("target.kind", value.Target.Kind, ["Node", "<empty>"]);
        }

        if (string.IsNullOrEmpty(value.Target.Name))
        {
            yield return FieldError.Required("target.name");
        }
    }
}
