using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>Columns that validating and mutating policies share.</summary>
internal static class AdmissionTable
{
    public static IReadOnlyList<TableColumn> BindingColumns { get; } =
    [
        TableColumn.Name,
        new("PolicyName", Description: "The policy that holds here."),
        new("ParamRef", Description: "Where its parameters are."),
        TableColumn.Age,
    ];

    public static IReadOnlyList<object?> BindingCells(ObjectMeta metadata, string? policy, ParamRef? reference, DateTimeOffset now) =>
        [metadata.Name, policy, Reference(reference), TableCells.Age(metadata.CreationTimestamp, now)];

    /// <summary>A policy's kind of parameters.</summary>
    public static string Kind(ParamKind? kind) => kind is null ? "<unset>" : $"{kind.ApiVersion}/{kind.Kind}";

    // Without a namespace nobody can tell from here whether the parameter lives in one.
    private static string Reference(ParamRef? reference) => reference switch
    {
        null => "<unset>",
        { Name.Length: > 0 } => $"{(string.IsNullOrEmpty(reference.Namespace) ? "*" : reference.Namespace)}/{reference.Name}",
        { Selector: { } selector } => LabelSelectorText.Of(selector),
        _ => "<unset>",
    };
}
