using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.AutoscalingV2.Validation;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Autoscaling;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.AutoscalingV2;

/// <summary>Rules of <c>autoscaling/v2 HorizontalPodAutoscaler</c>: replicas by measure. The stored version.</summary>
public sealed class HorizontalPodAutoscalerKind : ResourceKind<HorizontalPodAutoscaler>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["hpa"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        const int CpuPercent = 80; // upstream's default target
        var spec = value.Ensure("spec");
        spec.Default("minReplicas", 1);
        if (!spec.HasItems("metrics"))
        {
            spec["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = CpuPercent } },
            });
        }

        if (spec.Child("behavior") is { } behavior)
        {
            var up = behavior.Ensure("scaleUp");
            up.Default("stabilizationWindowSeconds", 0);
            up.Default("selectPolicy", "Max");
            up.Default("policies", new JsonArray(Policy("Pods", 4), Policy("Percent", 100)));
            var down = behavior.Ensure("scaleDown");
            down.Default("selectPolicy", "Max");
            down.Default("policies", new JsonArray(Policy("Percent", 100)));
        }
    }

    private static JsonObject Policy(string type, int value) => new() { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15 };

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["desiredReplicas"] = 0, ["currentMetrics"] = null };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(HorizontalPodAutoscaler value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        const int Least = 1; // zero needs HPAScaleToZero, which is alpha
        if (spec.MinReplicas < Least)
        {
            errors.Invalid("spec.minReplicas", FieldErrors.Text(spec.MinReplicas.Value), $"must be greater than or equal to {Least}");
        }

        if (spec.MaxReplicas < 1)
        {
            errors.Invalid("spec.maxReplicas", FieldErrors.Text(spec.MaxReplicas), "must be greater than 0");
        }

        if (spec.MaxReplicas < (spec.MinReplicas ?? 1))
        {
            errors.Invalid("spec.maxReplicas", FieldErrors.Text(spec.MaxReplicas), "must be greater than or equal to `minReplicas`");
        }

        Reference(errors, spec.ScaleTargetRef, "spec.scaleTargetRef");
        foreach (var (at, metric) in (spec.Metrics ?? []).Index())
        {
            MetricValidation.Validate(errors, metric, $"spec.metrics[{at}]");
        }

        Rules(errors, spec.Behavior?.ScaleUp, "spec.behavior.scaleUp");
        Rules(errors, spec.Behavior?.ScaleDown, "spec.behavior.scaleDown");
        return errors;
    }

    internal static void Reference(FieldErrors errors, CrossVersionObjectReference reference, string path)
    {
        errors.RequireName($"{path}.kind", reference.Kind, Names.IsPathSegment);
        errors.RequireName($"{path}.name", reference.Name, Names.IsPathSegment);
        if (reference.ApiVersion is { Length: > 0 } version && version.Split('/').Length > 2)
        {
            errors.Invalid($"{path}.apiVersion", version, $"unexpected GroupVersion string: {version}");
        }
    }

    private static void Rules(FieldErrors errors, HPAScalingRules? rules, string path)
    {
        const int LongestWindow = 3600, LongestPeriod = 1800; // seconds
        if (rules is null)
        {
            return;
        }

        if (rules.StabilizationWindowSeconds is < 0 or > LongestWindow)
        {
            errors.Invalid($"{path}.stabilizationWindowSeconds", FieldErrors.Text(rules.StabilizationWindowSeconds.Value),
                rules.StabilizationWindowSeconds < 0 ? "must be greater than or equal to zero" : $"must be less than or equal to {LongestWindow}");
        }

        errors.OneOf($"{path}.selectPolicy", rules.SelectPolicy, "Disabled", "Max", "Min");
        if (rules.Policies is not { Count: > 0 })
        {
            errors.Required($"{path}.policies", "must specify at least one Policy");
        }

        foreach (var (at, policy) in (rules.Policies ?? []).Index())
        {
            var here = $"{path}.policies[{at}]";
            errors.RequireOneOf($"{here}.type", policy.Type, "Percent", "Pods");
            if (policy.Value <= 0)
            {
                errors.Invalid($"{here}.value", FieldErrors.Text(policy.Value), "must be greater than zero");
            }

            if (policy.PeriodSeconds is <= 0 or > LongestPeriod)
            {
                errors.Invalid($"{here}.periodSeconds", FieldErrors.Text(policy.PeriodSeconds), policy.PeriodSeconds <= 0 ? "must be greater than zero" : $"must be less than or equal to {LongestPeriod}");
            }
        }
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
        value.Metadata, $"{value.Spec.ScaleTargetRef.Kind}/{value.Spec.ScaleTargetRef.Name}", MetricCells.Targets(value),
        value.Spec.MinReplicas, value.Spec.MaxReplicas, value.Status.CurrentReplicas ?? 0, now);
}
