using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Storage;

/// <summary>Rules of <c>storage.k8s.io/v1 StorageClass</c>: who makes the volumes of a claim, and how.</summary>
public sealed class StorageClassKind : ResourceKind<StorageClass>
{
    /// <summary>Annotation of the class that claims get which name none.</summary>
    public const string DefaultAnnotation = "storageclass.kubernetes.io/is-default-class";

    private const string OldDefaultAnnotation = "storageclass.beta.kubernetes.io/is-default-class";
    private const int MaximumParameters = 512, MaximumParametersBytes = 256 * 1024; // pkg/apis/storage/validation

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["sc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        value.DefaultText("reclaimPolicy", "Delete");
        value.DefaultText("volumeBindingMode", "Immediate");
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(StorageClass value)
    {
        var errors = new FieldErrors();
        errors.RequireName("provisioner", value.Provisioner, name => Names.IsQualifiedName(name.ToLowerInvariant()));
        Parameters(errors, value.Parameters, "parameters");
        errors.OneOf("reclaimPolicy", value.ReclaimPolicy, "Delete", "Retain");
        errors.RequireOneOf("volumeBindingMode", value.VolumeBindingMode, "Immediate", "WaitForFirstConsumer");
        return errors;
    }

    internal static void Parameters(FieldErrors errors, IReadOnlyDictionary<string, string>? parameters, string path)
    {
        if (parameters?.Count > MaximumParameters)
        {
            errors.TooMany(path, parameters.Count, MaximumParameters);
        }

        var total = 0L;
        foreach (var (key, setting) in parameters ?? new Dictionary<string, string>())
        {
            if (key.Length == 0)
            {
                errors.Invalid(path, key, "field can not be empty.");
            }

            total += key.Length + setting.Length;
        }

        if (total > MaximumParametersBytes)
        {
            errors.Add(FieldError.TooLong(path, MaximumParametersBytes));
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(StorageClass value, StorageClass stored)
    {
        var errors = new FieldErrors();
        if (!JsonComparison.Same(value with { Parameters = stored.Parameters }, value))
        {
            errors.Forbidden("parameters", "updates to parameters are forbidden.");
        }

        if (value.Provisioner != stored.Provisioner)
        {
            errors.Forbidden("provisioner", "updates to provisioner are forbidden.");
        }

        errors.Unchanged("reclaimPolicy", value.ReclaimPolicy, stored.ReclaimPolicy);
        errors.Unchanged("volumeBindingMode", value.VolumeBindingMode, stored.VolumeBindingMode);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Provisioner", Description: "Who makes the volumes."),
        new("ReclaimPolicy", Description: "What becomes of a volume when its claim goes."),
        new("VolumeBindingMode", Description: "Whether a volume waits for a pod."),
        new("AllowVolumeExpansion", "boolean", Description: "Whether a volume may grow."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(StorageClass value, DateTimeOffset now) =>
    [
        IsDefault(value) ? $"{value.Metadata.Name} (default)" : value.Metadata.Name,
        value.Provisioner,
        value.ReclaimPolicy ?? "Delete",
        value.VolumeBindingMode ?? "Immediate",
        value.AllowVolumeExpansion == true,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    private static bool IsDefault(StorageClass value) => value.Annotation(DefaultAnnotation) == "true" || value.Annotation(OldDefaultAnnotation) == "true";
}
