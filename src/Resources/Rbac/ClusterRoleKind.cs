using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Rbac.Validation;

namespace KubeAspire.Resources.Rbac;

/// <summary>Rules of <c>rbac.authorization.k8s.io/v1 ClusterRole</c>: what may be done in the cluster.</summary>
public sealed class ClusterRoleKind : ResourceKind<ClusterRole>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => RbacTable.RoleColumns;

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ClusterRole value)
    {
        var errors = new FieldErrors();
        RbacValidation.Rules(errors, value.Rules, isNamespaced: false);
        foreach (var (at, selector) in (value.AggregationRule?.ClusterRoleSelectors ?? []).Index())
        {
            errors.Selector($"aggregationRule.clusterRoleSelectors[{at}]", selector);
        }

        if (value.AggregationRule is { ClusterRoleSelectors: not { Count: > 0 } })
        {
            errors.Required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ClusterRole value, DateTimeOffset now) => RbacTable.RoleCells(value.Metadata);
}
