using System.Text.Json.Nodes;
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
    public static string Of(IReadOnlyDictionary<string, string>? labels) =>
        labels is null ? "" : string.Join(',', labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    /// <summary>A LabelSelector.</summary>
    public static string Of(LabelSelector? selector)
    {
        if (selector is null)
        {
            return "";
        }

        var parts = (selector.MatchLabels ?? new Dictionary<string, string>()).Select(label => (label.Key, Text: $"{label.Key}={label.Value}"))
            .Concat((selector.MatchExpressions ?? []).Select(expression => (expression.Key, Text: Of(expression))));
        return string.Join(',', parts.OrderBy(part => part.Key, StringComparer.Ordinal).Select(part => part.Text));
    }

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

    private static string Of(LabelSelectorRequirement requirement)
    {
        var values = string.Join(',', (requirement.Values ?? []).Order(StringComparer.Ordinal));
        return requirement.Operator switch
        {
            "In" => $"{requirement.Key} in ({values})",
            "NotIn" => $"{requirement.Key} notin ({values})",
            "Exists" => requirement.Key,
            "DoesNotExist" => "!" + requirement.Key,
            _ => $"{requirement.Key} {requirement.Operator} ({values})",
        };
    }
}
