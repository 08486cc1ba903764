using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
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

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Event value) => EventValidation.Validate(value);

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Last Seen", Description: "Time since it happened last."),
        new("Type", Description: "Normal or Warning."),
        new("Reason", Description: "Why, in one word."),
        new("Object", Description: "What it happened to."),
        new("Subobject", Priority: 1, Description: "The part of it."),
        new("Source", Priority: 1, Description: "Who tells."),
        new("Message", Description: "What happened."),
        new("First Seen", Priority: 1, Description: "Time since it happened first."),
        new("Count", Priority: 1, Description: "How often it happened."),
        new("Name", "string", "name", Priority: 1, Description: "Name of the event."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Event value, DateTimeOffset now)
    {
        var first = value.FirstTimestamp ?? value.EventTime;
        var (last, count) = value.Series is { } series ? (series.LastObservedTime, series.Count ?? 0) : (value.LastTimestamp, value.Count ?? 0);
        return
        [
            TableCells.Age(last ?? first, now),
            value.Type,
            value.Reason,
            $"{value.InvolvedObject.Kind?.ToLowerInvariant()}/{value.InvolvedObject.Name}",
            value.InvolvedObject.FieldPath,
            Source(value),
            value.Message?.Trim(),
            TableCells.Age(first, now),
            count == 0 ? 1 : count,
            value.Metadata.Name,
        ];
    }

    private static string Source(Event value)
    {
        var component = value.Source?.Component is { Length: > 0 } old ? old : value.ReportingComponent ?? "";
        var host = value.Source?.Host is { Length: > 0 } at ? at : value.ReportingInstance ?? "";
        return host.Length == 0 ? component : $"{component}, {host}";
    }
}
