using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Resource.Validation;

namespace KubeAspire.Resources.Resource;

/// <summary>Rules of <c>resource.k8s.io/v1 DeviceClass</c>: devices that a claim may ask for by one name.</summary>
public sealed class DeviceClassKind : ResourceKind<DeviceClass>
{
    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(DeviceClass value)
    {
        var errors = new FieldErrors();
        DeviceValidation.Selectors(errors, "spec.selectors", value.Spec.Selectors);
        errors.TooMany("spec.config", value.Spec.Config?.Count, DeviceValidation.MaximumConfigs);
        foreach (var (at, config) in (value.Spec.Config ?? []).Index())
        {
            DeviceValidation.Opaque(errors, $"spec.config[{at}]", config.Opaque);
        }

        if (value.Spec.ExtendedResourceName is { } name)
        {
            errors.Invalid("spec.extendedResourceName", name, name.Contains('/') ? Names.IsQualifiedName(name) : ["must be a valid extended resource name: a domain, a slash and a name"]);
        }

        return errors;
    }
}
