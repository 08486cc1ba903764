using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>What volumes and claims share.</summary>
internal static class StorageValidation
{
    public static void AccessModes(FieldErrors errors, IReadOnlyList<string>? modes, string path, string missing)
    {
        if (modes is not { Count: > 0 })
        {
            errors.Required(path, missing);
            return;
        }

        foreach (var mode in modes)
        {
            errors.OneOf(path, mode, "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod");
        }

        if (modes.Count > 1 && modes.Contains("ReadWriteOncePod"))
        {
            errors.Forbidden(path, "may not use ReadWriteOncePod with other access modes");
        }
    }

    public static void Positive(FieldErrors errors, Quantity amount, string path)
    {
        if (!Quantity.TryParse(amount.ToString(), out var parsed, out var problem))
        {
            errors.Invalid(path, amount.ToString(), problem);
        }
        else if (parsed.Sign <= 0)
        {
            errors.Invalid(path, amount.ToString(), "must be greater than zero");
        }
    }

    public static void ClassName(FieldErrors errors, string? name, string path)
    {
        if (!string.IsNullOrEmpty(name))
        {
            errors.Invalid(path, name, Names.IsDnsSubdomain(name));
        }
    }

    public static void Claim(FieldErrors errors, PersistentVolumeClaimSpec spec, string path)
    {
        AccessModes(errors, spec.AccessModes, $"{path}.accessModes", "at least 1 access mode is required");
        errors.Selector($"{path}.selector", spec.Selector);
        if (spec.Resources?.Requests is not { } requests || !requests.TryGetValue("storage", out var storage))
        {
            errors.Required($"{path}.resources[storage]");
        }
        else
        {
            Positive(errors, storage, $"{path}.resources[storage]");
        }

        ClassName(errors, spec.StorageClassName, $"{path}.storageClassName");
        ClassName(errors, spec.VolumeAttributesClassName, $"{path}.volumeAttributesClassName");
        errors.OneOf($"{path}.volumeMode", spec.VolumeMode, "Block", "Filesystem");
        if (spec.DataSource is { } source)
        {
            Reference(errors, source.Kind, source.Name, source.ApiGroup, $"{path}.dataSource");
        }

        if (spec.DataSourceRef is { } reference)
        {
            Reference(errors, reference.Kind, reference.Name, reference.ApiGroup, $"{path}.dataSourceRef");
        }
    }

    private static void Reference(FieldErrors errors, string? kind, string? name, string? group, string path)
    {
        errors.RequireName($"{path}.name", name, _ => []);
        errors.RequireName($"{path}.kind", kind, _ => []);
        if (string.IsNullOrEmpty(group) && kind is { Length: > 0 } and not "PersistentVolumeClaim")
        {
            errors.Invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        }
    }
}
