using KubeAspire.Resources.Apiextensions;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>The columns of a custom resource: its name, then what the definition asks for, or its age where that is nothing.</summary>
/// <remarks>Upstream's k8s.io/apiextensions-apiserver pkg/registry/customresource/tableconvertor.</remarks>
internal sealed class CustomResourceColumns
{
    private static readonly CustomResourceColumnDefinition s_age = new()
    {
        Name = "Age", Type = "date", JsonPath = ".metadata.creationTimestamp", Description = "Time since the object was created.",
    };

    private readonly List<(string Type, JsonPath? Path)> _columns = [];

    public CustomResourceColumns(IReadOnlyList<CustomResourceColumnDefinition> wanted)
    {
        var columns = new List<TableColumn> { TableColumn.Name };
        foreach (var column in wanted.Count == 0 ? [s_age] : wanted)
        {
            // A definition's paths were checked when it was stored; one that cannot be read any more has an empty cell.
            _columns.Add((column.Type, JsonPath.TryParse(column.JsonPath, out var path, out _) ? path : null));
            columns.Add(new TableColumn(
                column.Name, column.Type, column.Format ?? "", column.Priority ?? 0, column.Description ?? $"Custom resource definition column (in JSONPath format): {column.JsonPath}"));
        }

        Columns = columns;
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>The cells of one object.</summary>
    public IReadOnlyList<object?> Cells(CustomResource value, DateTimeOffset now)
    {
        var tree = value.Tree();
        return [value.Metadata.Name, .. _columns.Select(column => column.Path?.Cell(tree, column.Type, now))];
    }
}
