using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 ReplicationController</c>: ReplicaSet before it had set-based selectors.</summary>
public sealed class ReplicationControllerKind : ResourceKind<ReplicationController>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["rc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("status.replicas", rc => rc.Status.Replicas.ToString()));

    /// <inheritdoc/>
    public override ScaleMapping? Scale { get; } = new("spec.replicas", "status.replicas", "spec.selector");

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Default("replicas", 1);
        if (spec.Child("template") is not { } template)
        {
            return;
        }

        PodDefaults.ApplyTemplate(template);
        if (template.Child("metadata").Child("labels") is { Count: > 0 } labels)
        {
            if (spec.Child("selector") is not { Count: > 0 })
            {
                spec["selector"] = labels.DeepClone();
            }

            if (value.Ensure("metadata").Child("labels") is not { Count: > 0 })
            {
                value.Ensure("metadata")["labels"] = labels.DeepClone();
            }
        }
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["replicas"] = 0 };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ReplicationController value)
    {
        var errors = new FieldErrors();
        errors.NotNegative("spec.minReadySeconds", value.Spec.MinReadySeconds);
        if (value.Spec.Selector is not { Count: > 0 })
        {
            errors.Required("spec.selector");
        }

        errors.NotNegative("spec.replicas", value.Spec.Replicas);
        TemplateValidation.ValidateForReplicas(
            errors, value.Spec.Template, labels => value.Spec.Selector is not { Count: > 0 } selector || labels.IsMatchedBy(selector), "spec.template");
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(ReplicationController value, ReplicationController stored)
    {
        var errors = new FieldErrors();
        ReplicaStatusValidation.Validate(
            errors, value.Status.Replicas, value.Status.FullyLabeledReplicas, value.Status.ReadyReplicas, value.Status.AvailableReplicas, value.Status.ObservedGeneration);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(ReplicationController value) => PodWarnings.For(value.Spec.Template?.Spec, "spec.template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => ReplicaTable.Columns;

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ReplicationController value, DateTimeOffset now) => ReplicaTable.Cells(
        value.Metadata, value.Spec.Replicas, value.Status.Replicas, value.Status.ReadyReplicas, value.Spec.Template, LabelSelectorText.OrNone(value.Spec.Selector), now);
}
