using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Autoscaling;

/// <summary>Rules of <c>autoscaling/v1 HorizontalPodAutoscaler</c>: the older view of what <c>autoscaling/v2</c> stores.</summary>
/// <remarks>What v1 has no field for stands in annotations, as upstream: nothing is lost by a write in either version.</remarks>
public sealed class HorizontalPodAutoscalerKind : ResourceKind<HorizontalPodAutoscaler>
{
    /// <inheritdoc/>
    public override ResourceType StorageType => AutoscalingV2.HorizontalPodAutoscaler.ResourceType;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["hpa"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override JsonObject ToStored(JsonObject value) => AutoscalerConversion.ToV2(value);

    /// <inheritdoc/>
    public override JsonObject FromStored(JsonObject stored) => AutoscalerConversion.ToV1(stored);

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        const int CpuPercent = 80; // upstream's default target, where nothing else is measured
        var spec = value.Ensure("spec");
        spec.Default("minReplicas", 1);
        if (spec["targetCPUUtilizationPercentage"] is null && value.Child("metadata").Child("annotations")?[AutoscalerConversion.Metrics] is null)
        {
            spec["targetCPUUtilizationPercentage"] = CpuPercent;
        }
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["currentReplicas"] = 0, ["desiredReplicas"] = 0 };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(HorizontalPodAutoscaler value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        if (spec.MinReplicas < 1)
        {
            errors.Invalid("spec.minReplicas", FieldErrors.Text(spec.MinReplicas.Value), "must be greater than or equal to 1");
        }

        if (spec.MaxReplicas < 1)
        {
            errors.Invalid("spec.maxReplicas", FieldErrors.Text(spec.MaxReplicas), "must be greater than 0");
        }

        if (spec.MaxReplicas < (spec.MinReplicas ?? 1))
        {
            errors.Invalid("spec.maxReplicas", FieldErrors.Text(spec.MaxReplicas), "must be greater than or equal to `minReplicas`");
        }

        errors.RequireName("spec.scaleTargetRef.kind", spec.ScaleTargetRef.Kind, Names.IsPathSegment);
        errors.RequireName("spec.scaleTargetRef.name", spec.ScaleTargetRef.Name, Names.IsPathSegment);
        if (spec.TargetCPUUtilizationPercentage < 1)
        {
            errors.Invalid("spec.metrics[0].resource.target.averageUtilization", FieldErrors.Text(spec.TargetCPUUtilizationPercentage.Value), "must be greater than 0");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(HorizontalPodAutoscaler value, HorizontalPodAutoscaler stored)
    {
        var errors = new FieldErrors();
        errors.NotNegative("status.currentReplicas", value.Status.CurrentReplicas);
        errors.NotNegative("status.desiredReplicas", value.Status.DesiredReplicas);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => AutoscalerTable.Columns;

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(HorizontalPodAutoscaler value, DateTimeOffset now) => AutoscalerTable.Cells(
        value.Metadata, $"{value.Spec.ScaleTargetRef.Kind}/{value.Spec.ScaleTargetRef.Name}",
        value.Spec.TargetCPUUtilizationPercentage is { } target ? $"cpu: {(value.Status.CurrentCPUUtilizationPercentage is { } used ? $"{used}%" : "<unknown>")}/{target}%" : "<none>",
        value.Spec.MinReplicas, value.Spec.MaxReplicas, value.Status.CurrentReplicas, now);
}
