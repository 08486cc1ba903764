using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Apps.Validation;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 DaemonSet</c>: one pod on every node that fits.</summary>
public sealed class DaemonSetKind : ResourceKind<DaemonSet>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ds"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Default("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy");
        strategy.DefaultText("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", 1);
            rolling.Default("maxSurge", 0);
        }

        PodDefaults.ApplyTemplate(spec.Ensure("template"));
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject
    {
        ["currentNumberScheduled"] = 0, ["numberMisscheduled"] = 0, ["desiredNumberScheduled"] = 0, ["numberReady"] = 0,
    };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(DaemonSet value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        errors.Selector("spec.selector", spec.Selector);
        if (!spec.Selector.Matches(spec.Template.Metadata.Labels))
        {
            errors.Invalid("spec.template.metadata.labels", JsonComparison.Text(spec.Template.Metadata), "`selector` does not match template `labels`");
        }

        if (spec.Selector is { MatchLabels: not { Count: > 0 }, MatchExpressions: not { Count: > 0 } })
        {
            errors.Invalid("spec.selector", "{}", "empty selector is invalid for daemonset");
        }

        TemplateValidation.Validate(errors, spec.Template, "spec.template");
        if (spec.Template.Spec?.RestartPolicy is { Length: > 0 } policy and not "Always")
        {
            errors.Add(FieldError.NotSupported("spec.template.spec.restartPolicy", policy, ["Always"]));
        }

        if (spec.Template.Spec?.ActiveDeadlineSeconds is not null)
        {
            errors.Forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in DaemonSet is not Supported");
        }

        errors.NotNegative("spec.minReadySeconds", spec.MinReadySeconds);
        RolloutValidation.Validate(errors, spec.UpdateStrategy, "spec.updateStrategy");
        errors.NotNegative("spec.revisionHistoryLimit", spec.RevisionHistoryLimit);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(DaemonSet value, DaemonSet stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec.selector", value.Spec.Selector, stored.Spec.Selector);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(DaemonSet value, DaemonSet stored)
    {
        var errors = new FieldErrors();
        errors.NotNegative("status.currentNumberScheduled", value.Status.CurrentNumberScheduled);
        errors.NotNegative("status.numberMisscheduled", value.Status.NumberMisscheduled);
        errors.NotNegative("status.desiredNumberScheduled", value.Status.DesiredNumberScheduled);
        errors.NotNegative("status.numberReady", value.Status.NumberReady);
        errors.NotNegative("status.observedGeneration", value.Status.ObservedGeneration);
        errors.NotNegative("status.updatedNumberScheduled", value.Status.UpdatedNumberScheduled);
        errors.NotNegative("status.numberAvailable", value.Status.NumberAvailable);
        errors.NotNegative("status.numberUnavailable", value.Status.NumberUnavailable);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(DaemonSet value) => PodWarnings.For(value.Spec.Template.Spec, "spec.template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Desired", "integer", Description: "Nodes that should run the pod."),
        new("Current", "integer", Description: "Nodes that should and do run it."),
        new("Ready", "integer", Description: "Nodes whose pod is ready."),
        new("Up-to-date", "integer", Description: "Nodes whose pod is of the current template."),
        new("Available", "integer", Description: "Nodes whose pod has been ready for long enough."),
        new("Node Selector", Description: "Labels a node must have."),
        TableColumn.Age,
        new("Containers", Priority: 1, Description: "Names of the containers."),
        new("Images", Priority: 1, Description: "Images of the containers."),
        new("Selector", Priority: 1, Description: "Which pods are counted."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(DaemonSet value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Status.DesiredNumberScheduled,
        value.Status.CurrentNumberScheduled,
        value.Status.NumberReady,
        value.Status.UpdatedNumberScheduled ?? 0,
        value.Status.NumberAvailable ?? 0,
        LabelSelectorText.OrNone(value.Spec.Template.Spec?.NodeSelector),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        TemplateCells.Containers(value.Spec.Template),
        TemplateCells.Images(value.Spec.Template),
        LabelSelectorText.OrNone(value.Spec.Selector),
    ];
}
