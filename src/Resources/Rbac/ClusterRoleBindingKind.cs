using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Rbac.Validation;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 ClusterRoleBinding</c>: who has a role in the cluster.</summary>
public sealed class ClusterRoleBindingKind : ResourceKind<ClusterRoleBinding>
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
    protected override IEnumerable<FieldError> Validate(ClusterRoleBinding value) => RbacValidation.Binding(value.RoleRef, value.Subjects, isNamespaced: false);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ClusterRoleBinding value, ClusterRoleBinding stored) => RbacValidation.BindingUpdate(value.RoleRef, stored.RoleRef);

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ClusterRoleBinding value, DateTimeOffset now) => RbacTable.BindingCells(value.Metadata, value.RoleRef, value.Subjects, now);
}
