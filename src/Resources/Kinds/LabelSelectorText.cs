using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Resources.Kinds;

/// <summary>Selectors as one line: <c>app=web,tier in (a,b),!old</c>.</summary>
/// <remarks>Upstream's <c>metav1.FormatLabelSelector</c> and <c>labels.Selector.String</c>: requirements by key, values sorted.</remarks>
public static class LabelSelectorText
{
    /// <summary>A LabelSelector; <c>&lt;none&gt;</c> where there is none or where it is empty, as kubectl shows it.</summary>
    public static string OrNone(LabelSelector? selector) => Of(selector) is { Length: > 0 } text ? text : "<none>";

    /// <summary>A map of labels; <c>&lt;none&gt;</c> where it is empty.</summary>
    public static string OrNone(IReadOnlyDictionary<string, string>? labels) => Of(labels) is { Length: > 0 } text ? text : "<none>";

    /// <summary>A map of labels.</summary>
    public static string Of(IReadOnlyDictionary<string, string>? labels) => Selector.FromMap(labels).ToString();

    /// <summary>A LabelSelector; empty where it makes no sense.</summary>
    public static string Of(LabelSelector? selector) => Selector.From(selector).Value?.ToString() ?? "";

    /// <summary>Whatever stands where a selector is expected: a string, a map of labels or a LabelSelector.</summary>
    internal static string Of(JsonNode? value) => value switch
    {
        JsonValue text when text.TryGetValue<string>(out var found) => found,
        JsonObject selector when selector.ContainsKey("matchLabels") || selector.ContainsKey("matchExpressions") => Of(new LabelSelector
        {
            MatchLabels = Map(selector["matchLabels"] as JsonObject),
            MatchExpressions = [.. selector.Items("matchExpressions").Select(item => new LabelSelectorRequirement
            {
                Key = item.Text("key") ?? "",
                Operator = item.Text("operator") ?? "",
                Values = [.. (item["values"] as JsonArray ?? []).Select(one => one?.ToString() ?? "")],
            })],
        }),
        JsonObject labels => Of(Map(labels)),
        _ => "",
    };

    private static Dictionary<string, string> Map(JsonObject? labels) =>
        labels?.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal) ?? [];
}
