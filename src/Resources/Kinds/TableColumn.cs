namespace KubeAspire.Resources.Kinds;

/// <summary>One column of a meta.k8s.io/v1 Table.</summary>
/// <param name="Title">Header as people know it, such as <c>Ready</c>; kubectl prints it in upper case.</param>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>boolean</c>, <c>date</c>.</param>
/// <param name="Format"><c>name</c> for the name column; otherwise mostly empty.</param>
/// <param name="Priority">0 for always; 1 for <c>-o wide</c> only.</param>
/// <param name="Description">What the column shows.</param>
public sealed record TableColumn(string Title, string Type = "string", string Format = "", int Priority = 0, string Description = "")
{
    /// <summary>The first column of every table.</summary>
    public static TableColumn Name { get; } = new("Name", "string", "name", 0, "Name of the object, unique within its namespace.");

    /// <summary>How long ago the object was created.</summary>
    public static TableColumn Age { get; } = new("Age", "string", "", 0, "Time since the object was created.");
}
