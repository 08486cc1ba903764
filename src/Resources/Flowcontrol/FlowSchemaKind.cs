using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Flowcontrol.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Flowcontrol;

/// <summary>Rules of <c>flowcontrol.apiserver.k8s.io/v1 FlowSchema</c>: which requests go to which priority level.</summary>
public sealed class FlowSchemaKind : ResourceKind<FlowSchema>
{
    /// <inheritdoc/>
    public override void Default(JsonObject value) => value.Child("spec")?.DefaultNumber("matchingPrecedence", 1000);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(FlowSchema value) => FlowSchemaValidation.Validate(value);

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("PriorityLevel", Description: "Priority level that the requests go to."),
        new("MatchingPrecedence", "integer", Description: "Lower goes first."),
        new("DistinguisherMethod", Description: "What tells the flows of the schema apart."),
        TableColumn.Age,
        new("MissingPL", Description: "Whether the priority level does not exist."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(FlowSchema value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.PriorityLevelConfiguration.Name,
        value.Spec.MatchingPrecedence ?? 0,
        value.Spec.DistinguisherMethod?.Type ?? "<none>",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        value.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Dangling")?.Status ?? "?",
    ];
}
