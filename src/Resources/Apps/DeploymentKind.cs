using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Apps.Validation;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 Deployment</c>.</summary>
public sealed class DeploymentKind : ResourceKind<Deployment>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["deploy"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override ScaleMapping? Scale { get; } = new("spec.replicas", "status.replicas", "spec.selector");

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.DefaultText("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        PodDefaults.ApplyTemplate(spec.Ensure("template"));
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Deployment value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        errors.NotNegative("spec.replicas", spec.Replicas);
        TemplateValidation.Selector(errors, spec.Selector, "spec.selector");
        TemplateValidation.ValidateForReplicas(errors, spec.Template, TemplateValidation.Matching(spec.Selector), "spec.template");
        RolloutValidation.Validate(errors, spec.Strategy, "spec.strategy");
        errors.NotNegative("spec.minReadySeconds", spec.MinReadySeconds);
        errors.NotNegative("spec.revisionHistoryLimit", spec.RevisionHistoryLimit);
        errors.NotNegative("spec.progressDeadlineSeconds", spec.ProgressDeadlineSeconds);
        if (spec.ProgressDeadlineSeconds is { } deadline && deadline <= (spec.MinReadySeconds ?? 0))
        {
            errors.Invalid("spec.progressDeadlineSeconds", FieldErrors.Text(deadline), "must be greater than minReadySeconds");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(Deployment value, Deployment stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec.selector", value.Spec.Selector, stored.Spec.Selector);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(Deployment value, Deployment stored)
    {
        var errors = new FieldErrors();
        var (status, replicas) = (value.Status, value.Status.Replicas ?? 0);
        errors.NotNegative("status.observedGeneration", status.ObservedGeneration);
        errors.NotNegative("status.replicas", status.Replicas);
        errors.NotNegative("status.updatedReplicas", status.UpdatedReplicas);
        errors.NotNegative("status.readyReplicas", status.ReadyReplicas);
        errors.NotNegative("status.availableReplicas", status.AvailableReplicas);
        errors.NotNegative("status.unavailableReplicas", status.UnavailableReplicas);
        errors.NotNegative("status.collisionCount", status.CollisionCount);
        ReplicaStatusValidation.NotMore(errors, "status.updatedReplicas", status.UpdatedReplicas, replicas, "status.replicas");
        ReplicaStatusValidation.NotMore(errors, "status.readyReplicas", status.ReadyReplicas, replicas, "status.replicas");
        ReplicaStatusValidation.NotMore(errors, "status.availableReplicas", status.AvailableReplicas, replicas, "status.replicas");
        ReplicaStatusValidation.NotMore(errors, "status.availableReplicas", status.AvailableReplicas, status.ReadyReplicas ?? 0, "readyReplicas");
        if ((status.CollisionCount ?? 0) < (stored.Status.CollisionCount ?? 0))
        {
            errors.Invalid("status.collisionCount", FieldErrors.Text(status.CollisionCount ?? 0), "cannot be decremented");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(Deployment value) => PodWarnings.For(value.Spec.Template.Spec, "spec.template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Ready", Description: "Pods that are ready, of those wanted."),
        new("Up-to-date", Description: "Pods made from the current template."),
        new("Available", Description: "Pods that have been ready for long enough."),
        TableColumn.Age,
        new("Containers", Priority: 1, Description: "Names of the containers."),
        new("Images", Priority: 1, Description: "Images of the containers."),
        new("Selector", Priority: 1, Description: "Which pods are counted."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Deployment value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        $"{value.Status.ReadyReplicas ?? 0}/{value.Spec.Replicas ?? 1}",
        value.Status.UpdatedReplicas ?? 0,
        value.Status.AvailableReplicas ?? 0,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        TemplateCells.Containers(value.Spec.Template),
        TemplateCells.Images(value.Spec.Template),
        LabelSelectorText.OrNone(value.Spec.Selector),
    ];
}
