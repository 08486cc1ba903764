using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Node;

/// <summary>Rules of <c>node.k8s.io/v1 RuntimeClass</c>: which container runtime a pod asks for.</summary>
public sealed class RuntimeClassKind : ResourceKind<RuntimeClass>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        foreach (var toleration in value.Child("scheduling").Items("tolerations"))
        {
            toleration.DefaultText("operator", "Equal");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(RuntimeClass value)
    {
        var errors = new FieldErrors();
        errors.Invalid("handler", value.Handler, Names.IsDnsLabel(value.Handler));
        if (value.Overhead?.PodFixed is { } amounts)
        {
            ResourceValidation.Amounts(errors, amounts, "overhead.podFixed");
        }

        errors.Labels("scheduling.nodeSelector", value.Scheduling?.NodeSelector);
        foreach (var (at, toleration) in (value.Scheduling?.Tolerations ?? []).Index())
        {
            SchedulingValidation.Toleration(errors, toleration, $"scheduling.tolerations[{at}]");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(RuntimeClass value, RuntimeClass stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("handler", value.Handler, stored.Handler);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Handler", Description: "The runtime of the node."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(RuntimeClass value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Handler,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
