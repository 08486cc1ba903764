using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Rbac;

/// <summary>The rows of roles and bindings.</summary>
internal static class RbacTable
{
    public static IReadOnlyList<TableColumn> RoleColumns { get; } = [TableColumn.Name, new("Created At", "date", Description: "When it was created.")];

    public static IReadOnlyList<TableColumn> BindingColumns { get; } =
    [
        TableColumn.Name,
        new("Role", Description: "Role that is given."),
        TableColumn.Age,
        new("Users", Priority: 1, Description: "Users that have it."),
        new("Groups", Priority: 1, Description: "Groups that have it."),
        new("ServiceAccounts", Priority: 1, Description: "Service accounts that have it."),
    ];

    public static IReadOnlyList<object?> RoleCells(ObjectMeta metadata) =>
        [metadata.Name, metadata.CreationTimestamp?.UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture)];

    public static IReadOnlyList<object?> BindingCells(ObjectMeta metadata, RoleRef role, IReadOnlyList<Subject>? subjects, DateTimeOffset now) =>
    [
        metadata.Name,
        $"{role.Kind}/{role.Name}",
        TableCells.Age(metadata.CreationTimestamp, now),
        Names(subjects, "User"),
        Names(subjects, "Group"),
        string.Join(", ", (subjects ?? []).Where(subject => subject.Kind == "ServiceAccount").Select(subject => $"{subject.Namespace}/{subject.Name}")),
    ];

    private static string Names(IReadOnlyList<Subject>? subjects, string kind) =>
        string.Join(", ", (subjects ?? []).Where(subject => subject.Kind == kind).Select(subject => subject.Name));
}
