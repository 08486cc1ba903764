using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 PersistentVolumeClaim</c>: storage that a pod asks for.</summary>
public sealed class PersistentVolumeClaimKind : ResourceKind<PersistentVolumeClaim>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["pvc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        ApplyDefaults(value);
        var spec = value.Ensure("spec");
        if (spec["dataSource"] is { } source && spec["dataSourceRef"] is null)
        {
            spec["dataSourceRef"] = source.DeepClone();
        }
        else if (spec.Child("dataSourceRef") is { } reference && spec["dataSource"] is null && string.IsNullOrEmpty(reference.Text("namespace"))
            && (reference.Text("kind") is "PersistentVolumeClaim" or "VolumeSnapshot"))
        {
            spec["dataSource"] = reference.DeepClone();
        }
    }

    /// <summary>The values of a claim, alone or as a StatefulSet's template.</summary>
    internal static void ApplyDefaults(JsonObject claim)
    {
        claim.Ensure("spec").DefaultText("volumeMode", "Filesystem");
        claim.Ensure("status").DefaultText("phase", "Pending");
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["phase"] = "Pending" };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(PersistentVolumeClaim value)
    {
        var errors = new FieldErrors();
        StorageValidation.Claim(errors, value.Spec, "spec");
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(PersistentVolumeClaim value, PersistentVolumeClaim stored)
    {
        var errors = new FieldErrors();
        var (spec, old) = (value.Spec, stored.Spec);
        var bound = stored.Status.Phase == "Bound";
        var kept = spec;
        if (string.IsNullOrEmpty(old.VolumeName))
        {
            kept = kept with { VolumeName = old.VolumeName }; // Binding sets it once.
        }

        if (old.StorageClassName is null)
        {
            kept = kept with { StorageClassName = null }; // A default class may come later.
        }

        if (bound)
        {
            kept = kept with
            {
                Resources = (kept.Resources ?? new()) with { Requests = old.Resources?.Requests }, VolumeAttributesClassName = old.VolumeAttributesClassName,
            };
        }

        if (!JsonComparison.Same(kept with { Resources = kept.Resources ?? new() }, old with { Resources = old.Resources ?? new() }))
        {
            errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
        else if (bound && Amount(spec.Resources?.Requests) is { } wanted && Amount(stored.Status.Capacity) is { } held && wanted < held && wanted < (Amount(old.Resources?.Requests) ?? wanted))
        {
            errors.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }

        return errors;
    }

    private static Quantity? Amount(IReadOnlyDictionary<string, Quantity>? amounts) =>
        amounts is not null && amounts.TryGetValue("storage", out var amount) && Quantity.TryParse(amount.ToString(), out var parsed, out _) ? parsed : null;

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(PersistentVolumeClaim value, PersistentVolumeClaim stored)
    {
        var errors = new FieldErrors();
        ResourceValidation.NotNegative(errors, value.Status.Capacity, "status.capacity");
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Status", Description: "Whether it has a volume."),
        new("Volume", Description: "The volume it has."),
        new("Capacity", Description: "How much the volume holds."),
        new("Access Modes", Description: "How it may be mounted."),
        new("StorageClass", Description: "What provides the volume."),
        new("VolumeAttributesClass", Description: "The class of the volume's attributes."),
        TableColumn.Age,
        new("VolumeMode", Priority: 1, Description: "File system or block device."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(PersistentVolumeClaim value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Metadata.DeletionTimestamp is null ? value.Status.Phase : "Terminating",
        value.Spec.VolumeName ?? "",
        string.IsNullOrEmpty(value.Spec.VolumeName) ? "" : VolumeCells.Storage(value.Status.Capacity),
        string.IsNullOrEmpty(value.Spec.VolumeName) ? "" : VolumeCells.Modes(value.Status.AccessModes),
        value.Spec.StorageClassName ?? "",
        value.Spec.VolumeAttributesClassName ?? "<unset>",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        value.Spec.VolumeMode ?? "<unset>",
    ];
}
