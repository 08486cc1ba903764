using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Networking;

/// <summary>Rules of <c>networking.k8s.io/v1 IPAddress</c>: an address that somebody has taken; its name is the address.</summary>
public sealed class IPAddressKind : ResourceKind<IPAddress>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ip"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    // Colons are fine in a path; what else a name must be is said below.
    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(IPAddress value)
    {
        var errors = new FieldErrors();
        var name = value.Metadata.Name ?? "";
        if (!PodSpecValidation.IsAddress(name))
        {
            errors.Invalid("metadata.name", name, $"ParseAddr(\"{name}\"): unable to parse IP");
        }
        else if (System.Net.IPAddress.Parse(name).ToString() != name)
        {
            errors.Invalid("metadata.name", name, "must be a canonical format IP address");
        }

        var parent = value.Spec.ParentRef;
        if (parent == new ParentReference())
        {
            errors.Required("spec.parentRef");
            return errors;
        }

        if (!string.IsNullOrEmpty(parent.Group))
        {
            errors.Invalid("spec.parentRef.group", parent.Group, Names.IsDnsSubdomain(parent.Group));
        }

        errors.RequireName("spec.parentRef.resource", parent.Resource, Names.IsPathSegment);
        errors.RequireName("spec.parentRef.name", parent.Name, Names.IsPathSegment);
        if (!string.IsNullOrEmpty(parent.Namespace))
        {
            errors.Invalid("spec.parentRef.namespace", parent.Namespace, Names.IsPathSegment(parent.Namespace));
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(IPAddress value, IPAddress stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec.parentRef", value.Spec.ParentRef, stored.Spec.ParentRef);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.Name, new("ParentRef", Description: "Who has taken the address."), TableColumn.Age];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(IPAddress value, DateTimeOffset now) =>
        [value.Metadata.Name, Parent(value.Spec.ParentRef), TableCells.Age(value.Metadata.CreationTimestamp, now)];

    private static string Parent(ParentReference parent)
    {
        if (parent.Resource.Length == 0)
        {
            return "<none>";
        }

        var resource = string.IsNullOrEmpty(parent.Group) ? parent.Resource : $"{parent.Resource}.{parent.Group}";
        return string.IsNullOrEmpty(parent.Namespace) ? $"{resource.ToLowerInvariant()}/{parent.Name}" : $"{resource.ToLowerInvariant()}/{parent.Namespace}/{parent.Name}";
    }
}
