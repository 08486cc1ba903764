using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Event</c>: something worth telling that happened to an object.</summary>
public sealed class EventKind : ResourceKind<Event>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ev"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("involvedObject.kind", e => e.InvolvedObject.Kind),
        ("involvedObject.namespace", e => e.InvolvedObject.Namespace),
        ("involvedObject.name", e => e.InvolvedObject.Name),
        ("involvedObject.uid", e => e.InvolvedObject.Uid),
        ("involvedObject.apiVersion", e => e.InvolvedObject.ApiVersion),
        ("involvedObject.resourceVersion", e => e.InvolvedObject.ResourceVersion),
        ("involvedObject.fieldPath", e => e.InvolvedObject.FieldPath),
        ("reason", e => e.Reason),
        ("reportingComponent", e => e.ReportingComponent),
        ("source", e => e.Source?.Component is { Length: > 0 } component ? component : e.ReportingComponent),
        ("type", e => e.Type));
}
