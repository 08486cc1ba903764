using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Rbac.Validation;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 RoleBinding</c>: who has a role in a namespace.</summary>
public sealed class RoleBindingKind : ResourceKind<RoleBinding>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => RbacTable.BindingColumns;

    /// <inheritdoc/>
    public override void Default(JsonObject value) => RbacValidation.DefaultBinding(value);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(RoleBinding value) => RbacValidation.Binding(value.RoleRef, value.Subjects, isNamespaced: true);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(RoleBinding value, RoleBinding stored) => RbacValidation.BindingUpdate(value.RoleRef, stored.RoleRef);

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(RoleBinding value, DateTimeOffset now) => RbacTable.BindingCells(value.Metadata, value.RoleRef, value.Subjects, now);
}
