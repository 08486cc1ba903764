using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 PersistentVolume</c>: storage that outlives pods.</summary>
public sealed class PersistentVolumeKind : ResourceKind<PersistentVolume>
{
    // Members of the spec that are no source of the volume.
    private static readonly HashSet<string> s_common =
    [
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName", "volumeMode",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["pv"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.DefaultText("persistentVolumeReclaimPolicy", "Retain");
        spec.DefaultText("volumeMode", "Filesystem");
        spec.Child("hostPath")?.Default("type", "");
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["phase"] = "Pending" };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(PersistentVolume value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        StorageValidation.AccessModes(errors, spec.AccessModes, "spec.accessModes", "");
        if (spec.Capacity is not { Count: > 0 })
        {
            errors.Required("spec.capacity");
        }
        else if (!spec.Capacity.ContainsKey("storage") || spec.Capacity.Count > 1)
        {
            errors.Add(FieldError.NotSupported("spec.capacity", $"[{string.Join(", ", spec.Capacity.Keys)}]", ["storage"]));
        }

        foreach (var (name, amount) in spec.Capacity ?? new Dictionary<string, Quantity>())
        {
            StorageValidation.Positive(errors, amount, $"spec.capacity[{name}]");
        }

        errors.OneOf("spec.persistentVolumeReclaimPolicy", spec.PersistentVolumeReclaimPolicy, "Delete", "Recycle", "Retain");
        Source(errors, spec);
        StorageValidation.ClassName(errors, spec.StorageClassName, "spec.storageClassName");
        StorageValidation.ClassName(errors, spec.VolumeAttributesClassName, "spec.volumeAttributesClassName");
        errors.OneOf("spec.volumeMode", spec.VolumeMode, "Block", "Filesystem");
        if (spec.NodeAffinity is { } affinity && affinity.Required?.NodeSelectorTerms is not { Count: > 0 })
        {
            errors.Required("spec.nodeAffinity.required", "must specify required node constraints");
        }

        return errors;
    }

    private static IReadOnlyList<string> Sources(PersistentVolumeSpec spec) =>
        [.. (JsonComparison.Node(spec) as JsonObject ?? []).Select(member => member.Key).Where(name => !s_common.Contains(name))];

    private static void Source(FieldErrors errors, PersistentVolumeSpec spec)
    {
        var sources = Sources(spec);
        if (sources.Count == 0)
        {
            errors.Required("spec", "must specify a volume type");
        }

        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden($"spec.{extra}", "may not specify more than 1 volume type");
        }

        if (spec.HostPath is { } host)
        {
            errors.RequireName("spec.hostPath.path", host.Path, _ => []);
            Steps(errors, "spec.hostPath.path", host.Path);
            if (host.Path == "/" && spec.PersistentVolumeReclaimPolicy == "Recycle")
            {
                errors.Forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
            }
        }

        if (spec.Local is { } local)
        {
            errors.RequireName("spec.local.path", local.Path, _ => []);
            Steps(errors, "spec.local.path", local.Path);
            if (spec.NodeAffinity is null)
            {
                errors.Required("spec.nodeAffinity", "Local volume requires node affinity");
            }
        }

        if (spec.Csi is { } csi)
        {
            errors.RequireName("spec.csi.driver", csi.Driver, Names.IsDnsSubdomain);
            errors.RequireName("spec.csi.volumeHandle", csi.VolumeHandle, _ => []);
        }

        if (spec.Nfs is { } nfs)
        {
            errors.RequireName("spec.nfs.server", nfs.Server, _ => []);
            errors.RequireName("spec.nfs.path", nfs.Path, _ => []);
            if (nfs.Path is { Length: > 0 } path && !path.StartsWith('/'))
            {
                errors.Invalid("spec.nfs.path", path, "must be an absolute path");
            }
        }
    }

    private static void Steps(FieldErrors errors, string field, string? path)
    {
        if (path?.Split('/').Contains("..") == true)
        {
            errors.Invalid(field, path, "must not contain '..'");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(PersistentVolume value, PersistentVolume stored)
    {
        var errors = new FieldErrors();
        var (spec, old) = ((JsonObject)JsonComparison.Node(value.Spec)!, (JsonObject)JsonComparison.Node(stored.Spec)!);
        if (Sources(value.Spec).Concat(Sources(stored.Spec)).Distinct().Any(source => !JsonNode.DeepEquals(spec[source], old[source])))
        {
            errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }

        errors.Unchanged("spec.volumeMode", value.Spec.VolumeMode, stored.Spec.VolumeMode);
        if (stored.Spec.NodeAffinity is not null)
        {
            errors.Unchanged("spec.nodeAffinity", value.Spec.NodeAffinity, stored.Spec.NodeAffinity);
        }

        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Capacity", Description: "How much it holds."),
        new("Access Modes", Description: "How it may be mounted."),
        new("Reclaim Policy", Description: "What becomes of it when its claim goes."),
        new("Status", Description: "Whether a claim has it."),
        new("Claim", Description: "The claim that has it."),
        new("StorageClass", Description: "What provided it."),
        new("VolumeAttributesClass", Description: "The class of its attributes."),
        new("Reason", Description: "Why it is in this state."),
        TableColumn.Age,
        new("VolumeMode", Priority: 1, Description: "File system or block device."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(PersistentVolume value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        VolumeCells.Storage(value.Spec.Capacity),
        VolumeCells.Modes(value.Spec.AccessModes),
        value.Spec.PersistentVolumeReclaimPolicy,
        value.Metadata.DeletionTimestamp is null ? value.Status.Phase : "Terminating",
        value.Spec.ClaimRef is { } claim ? $"{claim.Namespace}/{claim.Name}" : "",
        value.Spec.StorageClassName ?? "",
        value.Spec.VolumeAttributesClassName ?? "<unset>",
        value.Status.Reason ?? "",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        value.Spec.VolumeMode ?? "<unset>",
    ];
}
