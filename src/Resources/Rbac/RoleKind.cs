using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Rbac.Validation;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 Role</c>: what may be done in a namespace.</summary>
public sealed class RoleKind : ResourceKind<Role>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => RbacTable.RoleColumns;

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Role value)
    {
        var errors = new FieldErrors();
        RbacValidation.Rules(errors, value.Rules, isNamespaced: true);
        return errors;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Role value, DateTimeOffset now) => RbacTable.RoleCells(value.Metadata);
}
