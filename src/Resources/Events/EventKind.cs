using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Events;

/// <summary>Rules of <c>events.k8s.io/v1 Event</c>: the newer view of what <c>v1 Event</c> stores.</summary>
public sealed class EventKind : ResourceKind<Event>
{
    // What the same thing is called in the two versions.
    private static readonly (string Name, string Stored)[] s_renamed =
    [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"), ("deprecatedSource", "source"),
        ("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ];

    /// <inheritdoc/>
    public override ResourceType StorageType => Core.Event.ResourceType;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ev"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override JsonObject ToStored(JsonObject value)
    {
        foreach (var (name, stored) in s_renamed)
        {
            Rename(value, name, stored);
        }

        return value;
    }

    /// <inheritdoc/>
    public override JsonObject FromStored(JsonObject stored)
    {
        foreach (var (name, old) in s_renamed)
        {
            Rename(stored, old, name);
        }

        return stored;
    }

    private static void Rename(JsonObject value, string from, string to)
    {
        if (value[from] is { } member)
        {
            value.Remove(from);
            value[to] = member;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("reason", e => e.Reason),
        ("reportingController", e => e.ReportingController),
        ("regarding.kind", e => e.Regarding?.Kind),
        ("regarding.namespace", e => e.Regarding?.Namespace),
        ("regarding.name", e => e.Regarding?.Name),
        ("regarding.uid", e => e.Regarding?.Uid),
        ("regarding.apiVersion", e => e.Regarding?.ApiVersion),
        ("regarding.resourceVersion", e => e.Regarding?.ResourceVersion),
        ("regarding.fieldPath", e => e.Regarding?.FieldPath),
        ("type", e => e.Type));

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Event value)
    {
        const int ShortText = 128, LongText = 1024; // bytes, as upstream's ReportingInstanceLengthLimit and NoteLengthLimit
        var errors = new FieldErrors();
        var (ns, about) = (value.Metadata.Namespace ?? "", value.Regarding?.Namespace ?? "");
        if (about.Length == 0 ? ns is not ("" or "default" or "kube-system") : about != ns)
        {
            errors.Invalid("regarding.namespace", about, "does not match event.namespace");
        }

        if (value.EventTime == default)
        {
            // An event of the old form, seen through the new one; a new one must say when.
            if (value.Metadata.ResourceVersion is null or "" && value.DeprecatedFirstTimestamp is null)
            {
                errors.Required("eventTime");
            }

            return errors;
        }

        errors.RequireName("reportingController", value.ReportingController, Names.IsQualifiedName);
        foreach (var (name, text) in new[] { ("reportingInstance", value.ReportingInstance), ("action", value.Action), ("reason", value.Reason) })
        {
            errors.RequireName(name, text, found => found.Length > ShortText ? [$"can have at most {ShortText} characters"] : []);
        }

        if (System.Text.Encoding.UTF8.GetByteCount(value.Note ?? "") > LongText)
        {
            errors.Invalid("note", "", $"can have at most {LongText} characters");
        }

        errors.RequireOneOf("type", value.Type, "Normal", "Warning");
        if (value.Metadata.ResourceVersion is null or "")
        {
            MustBeUnset(errors, "deprecatedFirstTimestamp", value.DeprecatedFirstTimestamp is not null);
            MustBeUnset(errors, "deprecatedLastTimestamp", value.DeprecatedLastTimestamp is not null);
            MustBeUnset(errors, "deprecatedCount", value.DeprecatedCount is not (null or 0));
            MustBeUnset(errors, "deprecatedSource", value.DeprecatedSource is { Component: { Length: > 0 } } or { Host: { Length: > 0 } });
        }

        if (value.Series is { Count: < 2 } series)
        {
            errors.Invalid("series.count", FieldErrors.Text(series.Count), "should be at least 2");
        }

        return errors;
    }

    private static void MustBeUnset(FieldErrors errors, string field, bool set)
    {
        if (set)
        {
            errors.Invalid(field, "", "needs to be unset");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(Event value, Event stored)
    {
        var errors = new FieldErrors();
        if (stored.EventTime == default)
        {
            return errors;
        }

        if (value.EventTime != stored.EventTime)
        {
            errors.Invalid("eventTime", value.EventTime.ToString("O"), FieldErrors.Immutable);
        }

        foreach (var (name, now, old) in new[]
        {
            ("reportingController", value.ReportingController, stored.ReportingController), ("reportingInstance", value.ReportingInstance, stored.ReportingInstance),
            ("action", value.Action, stored.Action), ("reason", value.Reason, stored.Reason), ("note", value.Note, stored.Note), ("type", value.Type, stored.Type),
        })
        {
            errors.Unchanged(name, now, old);
        }

        errors.Unchanged("regarding", value.Regarding, stored.Regarding);
        errors.Unchanged("related", value.Related, stored.Related);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } = new Core.EventKind().Columns;

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Event value, DateTimeOffset now)
    {
        DateTimeOffset? happened = value.EventTime == default ? null : value.EventTime;
        var first = value.DeprecatedFirstTimestamp ?? happened;
        var (last, count) = value.Series is { } series ? (series.LastObservedTime, series.Count) : (value.DeprecatedLastTimestamp, value.DeprecatedCount ?? 0);
        var component = value.DeprecatedSource?.Component is { Length: > 0 } old ? old : value.ReportingController ?? "";
        var host = value.DeprecatedSource?.Host is { Length: > 0 } at ? at : value.ReportingInstance ?? "";
        return
        [
            TableCells.Age(last ?? first, now),
            value.Type,
            value.Reason,
            $"{value.Regarding?.Kind?.ToLowerInvariant()}/{value.Regarding?.Name}",
            value.Regarding?.FieldPath,
            host.Length == 0 ? component : $"{component}, {host}",
            value.Note?.Trim(),
            TableCells.Age(first, now),
            count == 0 ? 1 : count,
            value.Metadata.Name,
        ];
    }
}
