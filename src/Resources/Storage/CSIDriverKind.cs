using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Storage;

/// <summary>Rules of <c>storage.k8s.io/v1 CSIDriver</c>: what a storage driver can do and wants to be told.</summary>
public sealed class CSIDriverKind : ResourceKind<CSIDriver>
{
    private const int MaximumName = 63;

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Default("attachRequired", true);
        spec.Default("podInfoOnMount", false);
        spec.Default("storageCapacity", false);
        spec.DefaultText("fsGroupPolicy", "ReadWriteOnceWithFSType");
        spec.Default("requiresRepublish", false);
        spec.Default("seLinuxMount", false);
        if (!spec.HasItems("volumeLifecycleModes"))
        {
            spec["volumeLifecycleModes"] = new JsonArray("Persistent");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(CSIDriver value)
    {
        var errors = new FieldErrors();
        if (value.Metadata.Name?.Length > MaximumName)
        {
            errors.Add(FieldError.TooLong("metadata.name", MaximumName));
        }

        errors.RequireOneOf("spec.fsGroupPolicy", value.Spec.FsGroupPolicy, "File", "None", "ReadWriteOnceWithFSType");
        var audiences = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, token) in (value.Spec.TokenRequests ?? []).Index())
        {
            const long Shortest = 10 * 60, Longest = 1L << 32; // seconds
            if (!audiences.Add(token.Audience))
            {
                errors.Duplicate($"spec.tokenRequests[{at}].audience", token.Audience);
            }

            if (token.ExpirationSeconds < Shortest)
            {
                errors.Invalid($"spec.tokenRequests[{at}].expirationSeconds", FieldErrors.Text(token.ExpirationSeconds.Value), "may not specify a duration less than 10 minutes");
            }
            else if (token.ExpirationSeconds > Longest)
            {
                errors.Invalid($"spec.tokenRequests[{at}].expirationSeconds", FieldErrors.Text(token.ExpirationSeconds.Value), "may not specify a duration larger than 2^32 seconds");
            }
        }

        foreach (var mode in value.Spec.VolumeLifecycleModes ?? [])
        {
            errors.OneOf("spec.volumeLifecycleModes", mode, "Ephemeral", "Persistent");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(CSIDriver value, CSIDriver stored)
    {
        var errors = new FieldErrors();
        if (value.Spec.AttachRequired != stored.Spec.AttachRequired)
        {
            errors.Invalid("spec.attachedRequired", value.Spec.AttachRequired == true ? "true" : "false", FieldErrors.Immutable);
        }

        if (!(value.Spec.VolumeLifecycleModes ?? []).SequenceEqual(stored.Spec.VolumeLifecycleModes ?? []))
        {
            errors.Invalid("spec.volumeLifecycleModes", FieldErrors.Text(value.Spec.VolumeLifecycleModes), FieldErrors.Immutable);
        }

        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("AttachRequired", "boolean", Description: "Whether volumes are attached before they are mounted."),
        new("PodInfoOnMount", "boolean", Description: "Whether the driver is told of the pod."),
        new("StorageCapacity", "boolean", Description: "Whether it tells how much room is left."),
        new("TokenRequests", Description: "Tokens it wants, by audience."),
        new("RequiresRepublish", "boolean", Description: "Whether it is asked again and again."),
        new("Modes", Description: "Volumes it makes: persistent, ephemeral."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(CSIDriver value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.AttachRequired ?? true,
        value.Spec.PodInfoOnMount == true,
        value.Spec.StorageCapacity == true,
        value.Spec.TokenRequests is { Count: > 0 } tokens ? string.Join(',', tokens.Select(token => token.Audience)) : "<unset>",
        value.Spec.RequiresRepublish == true,
        value.Spec.VolumeLifecycleModes is { Count: > 0 } modes ? string.Join(',', modes) : "<none>",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
