using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Policy;

/// <summary>Rules of <c>policy/v1 PodDisruptionBudget</c>: how many pods of a set must stay when others are evicted.</summary>
public sealed class PodDisruptionBudgetKind : ResourceKind<PodDisruptionBudget>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["pdb"];

    // Optional by the published schema, yet upstream tells them when they are zero: no disruption allowed is what people look for.
    private static readonly string[] s_counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value)
    {
        var status = new JsonObject();
        value["status"] = status;
        Count(status);
    }

    /// <inheritdoc/>
    public override void PrepareForStatusUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForStatusUpdate(value, stored);
        if (value["status"] is JsonObject status)
        {
            Count(status);
        }
    }

    private static void Count(JsonObject status)
    {
        foreach (var name in s_counts)
        {
            status[name] ??= 0;
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(PodDisruptionBudget value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        if (spec is { MinAvailable: not null, MaxUnavailable: not null })
        {
            errors.Invalid("spec", JsonComparison.Text(spec), "minAvailable and maxUnavailable cannot be both set");
        }

        foreach (var (name, share) in new[] { ("minAvailable", spec.MinAvailable), ("maxUnavailable", spec.MaxUnavailable) })
        {
            if (share is { } set)
            {
                Apps.Validation.RolloutValidation.ShareOfAll(errors, set, $"spec.{name}");
            }
        }

        errors.Selector("spec.selector", spec.Selector);
        errors.OneOf("spec.unhealthyPodEvictionPolicy", spec.UnhealthyPodEvictionPolicy, "AlwaysAllow", "IfHealthyBudget");
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(PodDisruptionBudget value, PodDisruptionBudget stored)
    {
        var errors = new FieldErrors();
        errors.NotNegative("status.disruptionsAllowed", value.Status.DisruptionsAllowed);
        errors.NotNegative("status.currentHealthy", value.Status.CurrentHealthy);
        errors.NotNegative("status.desiredHealthy", value.Status.DesiredHealthy);
        errors.NotNegative("status.expectedPods", value.Status.ExpectedPods);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Min Available", Description: "Pods that must stay."),
        new("Max Unavailable", Description: "Pods that may be missing."),
        new("Allowed Disruptions", "integer", Description: "Pods that may be evicted now."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(PodDisruptionBudget value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.MinAvailable?.ToString() ?? "N/A",
        value.Spec.MaxUnavailable?.ToString() ?? "N/A",
        value.Status.DisruptionsAllowed ?? 0,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
