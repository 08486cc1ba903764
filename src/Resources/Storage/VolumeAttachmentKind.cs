using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Storage;

/// <summary>Rules of <c>storage.k8s.io/v1 VolumeAttachment</c>: a volume that is to be attached to a node.</summary>
public sealed class VolumeAttachmentKind : ResourceKind<VolumeAttachment>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["attached"] = false };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(VolumeAttachment value)
    {
        var errors = new FieldErrors();
        errors.RequireName("spec.attacher", value.Spec.Attacher, name => Names.IsDnsSubdomain(name.ToLowerInvariant()));
        errors.RequireName("spec.nodeName", value.Spec.NodeName, Names.IsDnsSubdomain);
        switch (value.Spec.Source)
        {
            case { InlineVolumeSpec: null, PersistentVolumeName: null }:
                errors.Required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
                break;
            case { InlineVolumeSpec: not null, PersistentVolumeName: not null }:
                errors.Forbidden("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
                break;
            case { PersistentVolumeName: "" }:
                errors.Required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName");
                break;
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(VolumeAttachment value, VolumeAttachment stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec", value.Spec, stored.Spec);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Attacher", Description: "The driver that attaches."),
        new("PV", Description: "The volume."),
        new("Node", Description: "Where it goes."),
        new("Attached", "boolean", Description: "Whether it is there."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(VolumeAttachment value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.Attacher,
        value.Spec.Source.PersistentVolumeName ?? "",
        value.Spec.NodeName,
        value.Status.Attached,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
