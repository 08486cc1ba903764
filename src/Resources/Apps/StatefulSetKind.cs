using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 StatefulSet</c>: pods with names and volumes of their own.</summary>
public sealed class StatefulSetKind : ResourceKind<StatefulSet>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["sts"];

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
        spec.DefaultText("podManagementPolicy", "OrderedReady");
        var strategy = spec.Ensure("updateStrategy");
        strategy.DefaultText("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Ensure("rollingUpdate").Default("partition", 0);
        }

        var retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
        retention.DefaultText("whenDeleted", "Retain");
        retention.DefaultText("whenScaled", "Retain");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        foreach (var claim in spec.Items("volumeClaimTemplates"))
        {
            claim.DefaultText("apiVersion", "v1");
            claim.DefaultText("kind", "PersistentVolumeClaim");
            PersistentVolumeClaimKind.ApplyDefaults(claim);
        }

        PodDefaults.ApplyTemplate(spec.Ensure("template"));
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["replicas"] = 0, ["availableReplicas"] = 0 };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(StatefulSet value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        if (string.IsNullOrEmpty(spec.PodManagementPolicy))
        {
            errors.Required("spec.podManagementPolicy");
        }
        else if (spec.PodManagementPolicy is not ("OrderedReady" or "Parallel"))
        {
            errors.Invalid("spec.podManagementPolicy", spec.PodManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
        }

        Strategy(errors, spec.UpdateStrategy);
        errors.RequireOneOf("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted, "Delete", "Retain");
        errors.RequireOneOf("spec.persistentVolumeClaimRetentionPolicy.whenScaled", spec.PersistentVolumeClaimRetentionPolicy?.WhenScaled, "Delete", "Retain");
        errors.NotNegative("spec.replicas", spec.Replicas);
        errors.NotNegative("spec.minReadySeconds", spec.MinReadySeconds);
        errors.NotNegative("spec.ordinals.start", spec.Ordinals?.Start);
        errors.NotNegative("spec.revisionHistoryLimit", spec.RevisionHistoryLimit);
        errors.Selector("spec.selector", spec.Selector);
        if (spec.Selector is { MatchLabels: not { Count: > 0 }, MatchExpressions: not { Count: > 0 } })
        {
            errors.Invalid("spec.selector", "{}", "empty selector is invalid for statefulset");
        }
        else if (!spec.Selector.Matches(spec.Template.Metadata.Labels))
        {
            errors.Invalid("spec.template.metadata.labels", TemplateValidation.LabelsText(spec.Template.Metadata.Labels), "`selector` does not match template `labels`");
        }

        // Upstream does not check the pod's spec: mounts may name volumes that only the claim templates make.
        errors.Labels("spec.template.labels", spec.Template.Metadata.Labels);
        errors.Annotations("spec.template.annotations", spec.Template.Metadata.Annotations);
        if (spec.Template.Spec?.RestartPolicy is { Length: > 0 } policy and not "Always")
        {
            errors.Add(FieldError.NotSupported("spec.template.spec.restartPolicy", policy, ["Always"]));
        }

        if (spec.Template.Spec?.ActiveDeadlineSeconds is not null)
        {
            errors.Forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in StatefulSet is not Supported");
        }

        return errors;
    }

    private static void Strategy(FieldErrors errors, StatefulSetUpdateStrategy? strategy)
    {
        const string Path = "spec.updateStrategy";
        switch (strategy?.Type)
        {
            case null or "":
                errors.Required(Path);
                break;
            case "OnDelete":
                if (strategy.RollingUpdate is not null)
                {
                    errors.Invalid($"{Path}.rollingUpdate", JsonComparison.Text(strategy.RollingUpdate), "only allowed for updateStrategy 'RollingUpdate'");
                }

                break;
            case "RollingUpdate":
                errors.NotNegative($"{Path}.rollingUpdate.partition", strategy.RollingUpdate?.Partition);
                break;
            default:
                errors.Invalid(Path, JsonComparison.Text(strategy), "must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(StatefulSet value, StatefulSet stored)
    {
        var kept = value.Spec with
        {
            Replicas = stored.Spec.Replicas,
            Ordinals = stored.Spec.Ordinals,
            Template = stored.Spec.Template,
            UpdateStrategy = stored.Spec.UpdateStrategy,
            RevisionHistoryLimit = stored.Spec.RevisionHistoryLimit,
            PersistentVolumeClaimRetentionPolicy = stored.Spec.PersistentVolumeClaimRetentionPolicy,
            MinReadySeconds = stored.Spec.MinReadySeconds,
        };
        var errors = new FieldErrors();
        if (!JsonComparison.Same(kept, stored.Spec))
        {
            errors.Forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
                + "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(StatefulSet value, StatefulSet stored)
    {
        var errors = new FieldErrors();
        var status = value.Status;
        errors.NotNegative("status.replicas", status.Replicas);
        foreach (var (name, count) in new[]
        {
            ("readyReplicas", status.ReadyReplicas), ("currentReplicas", status.CurrentReplicas), ("updatedReplicas", status.UpdatedReplicas),
            ("availableReplicas", status.AvailableReplicas),
        })
        {
            errors.NotNegative($"status.{name}", count);
            ReplicaStatusValidation.NotMore(errors, $"status.{name}", count, status.Replicas, "status.replicas");
        }

        ReplicaStatusValidation.NotMore(errors, "status.availableReplicas", status.AvailableReplicas, status.ReadyReplicas ?? 0, "status.readyReplicas");
        errors.NotNegative("status.observedGeneration", status.ObservedGeneration);
        errors.NotNegative("status.collisionCount", status.CollisionCount);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(StatefulSet value) => PodWarnings.For(value.Spec.Template.Spec, "spec.template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Ready", Description: "Pods that are ready, of those wanted."),
        TableColumn.Age,
        new("Containers", Priority: 1, Description: "Names of the containers."),
        new("Images", Priority: 1, Description: "Images of the containers."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(StatefulSet value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        $"{value.Status.ReadyReplicas ?? 0}/{value.Spec.Replicas ?? 1}",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        TemplateCells.Containers(value.Spec.Template),
        TemplateCells.Images(value.Spec.Template),
    ];
}
