using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 ControllerRevision</c>: a template that once was, kept for a roll back.</summary>
public sealed class ControllerRevisionKind : ResourceKind<ControllerRevision>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ControllerRevision value)
    {
        var errors = new FieldErrors();
        errors.NotNegative("revision", value.Revision);
        if (value.Data is not { ValueKind: System.Text.Json.JsonValueKind.Object })
        {
            errors.Required("data", "data is mandatory");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ControllerRevision value, ControllerRevision stored)
    {
        var errors = new FieldErrors();
        if (!System.Text.Json.JsonElement.DeepEquals(value.Data ?? default, stored.Data ?? default))
        {
            errors.Invalid("data", value.Data?.GetRawText() ?? "null", FieldErrors.Immutable);
        }

        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Controller", Description: "What the revision is of."),
        new("Revision", "integer", Description: "Number of the revision."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ControllerRevision value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        Owner(value.Metadata.ControllerReference()),
        value.Revision,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    // daemonset.apps/agent
    private static string Owner(OwnerReference? owner) => owner is null
        ? "<none>"
        : $"{owner.Kind.ToLowerInvariant()}{(owner.ApiVersion.Contains('/') ? "." + owner.ApiVersion.Split('/')[0] : "")}/{owner.Name}";
}
