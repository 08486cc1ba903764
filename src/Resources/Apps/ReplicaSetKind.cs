using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 ReplicaSet</c>.</summary>
public sealed class ReplicaSetKind : ResourceKind<ReplicaSet>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["rs"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("status.replicas", rs => rs.Status.Replicas.ToString()));

    /// <inheritdoc/>
    public override ScaleMapping? Scale { get; } = new("spec.replicas", "status.replicas", "spec.selector");

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Default("replicas", 1);
        PodDefaults.ApplyTemplate(spec.Ensure("template"));
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["replicas"] = 0 };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ReplicaSet value)
    {
        var errors = new FieldErrors();
        errors.NotNegative("spec.replicas", value.Spec.Replicas);
        errors.NotNegative("spec.minReadySeconds", value.Spec.MinReadySeconds);
        TemplateValidation.Selector(errors, value.Spec.Selector, "spec.selector");
        TemplateValidation.ValidateForReplicas(errors, value.Spec.Template, TemplateValidation.Matching(value.Spec.Selector), "spec.template");
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ReplicaSet value, ReplicaSet stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec.selector", value.Spec.Selector, stored.Spec.Selector);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(ReplicaSet value, ReplicaSet stored)
    {
        var errors = new FieldErrors();
        ReplicaStatusValidation.Validate(
            errors, value.Status.Replicas, value.Status.FullyLabeledReplicas, value.Status.ReadyReplicas, value.Status.AvailableReplicas, value.Status.ObservedGeneration);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(ReplicaSet value) => PodWarnings.For(value.Spec.Template?.Spec, "spec.template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => ReplicaTable.Columns;

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ReplicaSet value, DateTimeOffset now) => ReplicaTable.Cells(
        value.Metadata, value.Spec.Replicas, value.Status.Replicas, value.Status.ReadyReplicas, value.Spec.Template, LabelSelectorText.OrNone(value.Spec.Selector), now);
}
