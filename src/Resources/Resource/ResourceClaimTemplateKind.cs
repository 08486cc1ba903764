using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Resource.Validation;

namespace KubeAspire.Resources.Resource;

/// <summary>Rules of <c>resource.k8s.io/v1 ResourceClaimTemplate</c>: what the claims of pods are made from. Cannot change.</summary>
public sealed class ResourceClaimTemplateKind : ResourceKind<ResourceClaimTemplate>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value) => DeviceDefaults.Claim(value.Child("spec").Child("spec"));

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ResourceClaimTemplate value)
    {
        var errors = ClaimValidation.Spec("spec.spec", value.Spec.Spec);
        errors.Labels("spec.metadata.labels", value.Spec.Metadata.Labels);
        errors.Annotations("spec.metadata.annotations", value.Spec.Metadata.Annotations);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ResourceClaimTemplate value, ResourceClaimTemplate stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec", value.Spec, stored.Spec);
        return errors;
    }
}
