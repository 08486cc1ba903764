using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Flowcontrol.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Flowcontrol;

/// <summary>Rules of <c>flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration</c>: how many requests of a level are served at once, and how the others wait.</summary>
public sealed class PriorityLevelConfigurationKind : ResourceKind<PriorityLevelConfiguration>
{
    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        if (spec.Child("exempt") is { } exempt)
        {
            exempt.Default("nominalConcurrencyShares", 0);
            exempt.Default("lendablePercent", 0);
        }

        if (spec.Child("limited") is not { } limited)
        {
            return;
        }

        limited.Default("nominalConcurrencyShares", 30);
        limited.Default("lendablePercent", 0);
        if (limited.Child("limitResponse").Child("queuing") is { } queuing)
        {
            queuing.DefaultNumber("handSize", 8);
            queuing.DefaultNumber("queues", 64);
            queuing.DefaultNumber("queueLengthLimit", 50);
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(PriorityLevelConfiguration value) => PriorityLevelValidation.Validate(value);

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Type", Description: "Exempt or Limited."),
        new("NominalConcurrencyShares", Description: "Share of the requests served at once."),
        new("Queues", Description: "Queues that requests wait in."),
        new("HandSize", Description: "Queues that one flow may use."),
        new("QueueLengthLimit", Description: "Requests that may wait in one queue."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(PriorityLevelConfiguration value, DateTimeOffset now)
    {
        var queuing = value.Spec.Limited?.LimitResponse?.Queuing;
        return
        [
            value.Metadata.Name,
            value.Spec.Type,
            Number(value.Spec.Limited is { } limited ? limited.NominalConcurrencyShares : value.Spec.Exempt?.NominalConcurrencyShares),
            Number(queuing?.Queues),
            Number(queuing?.HandSize),
            Number(queuing?.QueueLengthLimit),
            TableCells.Age(value.Metadata.CreationTimestamp, now),
        ];
    }

    private static object Number(int? number) => number is { } found ? found : "<none>";
}
