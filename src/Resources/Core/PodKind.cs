using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Pod</c>: containers that share an address and a fate.</summary>
public sealed class PodKind : ResourceKind<Pod>
{
    private const string EphemeralContainersPart = "ephemeralcontainers";

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["po"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("spec.nodeName", pod => pod.Spec.NodeName),
        ("spec.restartPolicy", pod => pod.Spec.RestartPolicy),
        ("spec.schedulerName", pod => pod.Spec.SchedulerName),
        ("spec.serviceAccountName", pod => pod.Spec.ServiceAccountName),
        ("spec.hostNetwork", pod => pod.Spec.HostNetwork == true ? "true" : "false"),
        ("status.phase", pod => pod.Status.Phase),
        ("status.podIP", pod => pod.Status.PodIP),
        ("status.nominatedNodeName", pod => pod.Status.NominatedNodeName));

    /// <inheritdoc/>
    public override long GraceSecondsFor(JsonObject stored, long? requested)
    {
        var spec = stored.Child("spec");
        if (string.IsNullOrEmpty(spec.Text("nodeName")) || stored.Child("status").Text("phase") is "Failed" or "Succeeded")
        {
            return 0; // Nothing runs that could end gracefully.
        }

        var seconds = requested ?? spec.Number("terminationGracePeriodSeconds") ?? 0;
        return seconds < 0 ? 1 : seconds;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => PodTable.Columns;

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Pod value, DateTimeOffset now) => PodTable.Cells(value, now);

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        PodDefaults.Apply(spec);
        PodDefaults.ApplyPodOnly(spec);
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value)
    {
        var status = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QualityOfService.Of(value.Ensure("spec")) };
        if (value.Child("spec").Items("schedulingGates").Any())
        {
            status["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = PodConditionTypes.PodScheduled,
                ["status"] = "False",
                ["reason"] = "SchedulingGated",
                ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
            });
        }

        value["status"] = status;
    }

    /// <inheritdoc/>
    public override void PrepareForStatusUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForStatusUpdate(value, stored);
        if (stored.Child("status").Text("qosClass") is { } decided)
        {
            value.Ensure("status").DefaultText("qosClass", decided);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parts => [EphemeralContainersPart];

    /// <inheritdoc/>
    public override void PrepareForPartUpdate(string part, JsonObject value, JsonObject stored)
    {
        if (part != EphemeralContainersPart)
        {
            base.PrepareForPartUpdate(part, value, stored);
            return;
        }

        var asked = value.Child("spec")?["ephemeralContainers"]?.DeepClone();
        foreach (var half in (string[])["spec", "status"])
        {
            value.Remove(half);
            if (stored[half]?.DeepClone() is { } kept)
            {
                value[half] = kept;
            }
        }

        var spec = value.Ensure("spec");
        spec.Remove("ephemeralContainers");
        if (asked is not null)
        {
            spec["ephemeralContainers"] = asked;
        }

        // Labels and annotations are no business of this subresource.
        var (metadata, before) = (value.Ensure("metadata"), stored.Child("metadata"));
        foreach (var field in (string[])["labels", "annotations", "finalizers", "ownerReferences"])
        {
            metadata.Remove(field);
            if (before?[field]?.DeepClone() is { } kept)
            {
                metadata[field] = kept;
            }
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<FieldError> ValidatePartUpdate(string part, IKubernetesObject value, IKubernetesObject stored) => part == EphemeralContainersPart
        ? PodValidation.Validate((Pod)value).Concat(PodValidation.EphemeralContainersUpdate((Pod)value, (Pod)stored))
        : base.ValidatePartUpdate(part, value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Pod value)
    {
        var errors = PodValidation.Validate(value);
        if (value.Metadata.ResourceVersion is null or "")
        {
            PodValidation.Create(errors, value);
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(Pod value, Pod stored) => PodValidation.Update(value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(Pod value, Pod stored) => PodValidation.StatusUpdate(value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(Pod value) => PodWarnings.For(value.Spec, "spec");
}
