using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Resources.Kinds;

/// <summary>Reading labels and annotations without asking whether there are any.</summary>
public static class LabelsExtensions
{
    /// <summary>The label's value, or null.</summary>
    public static string? Label(this IKubernetesObject value, string key) => value.Metadata.Labels?.GetValueOrDefault(key);

    /// <summary>The annotation's value, or null.</summary>
    public static string? Annotation(this IKubernetesObject value, string key) => value.Metadata.Annotations?.GetValueOrDefault(key);

    /// <summary>Whether every label of <paramref name="selector"/> is among <paramref name="labels"/>. An empty selector matches nothing here, as for Services.</summary>
    public static bool IsMatchedBy(this IReadOnlyDictionary<string, string>? labels, IReadOnlyDictionary<string, string>? selector) =>
        selector is { Count: > 0 } && selector.All(wanted => labels is not null && labels.TryGetValue(wanted.Key, out var value) && value == wanted.Value);

    /// <summary>Whether a LabelSelector matches. An empty one matches everything; null, or one that makes no sense, matches nothing.</summary>
    public static bool Matches(this LabelSelector? selector, IReadOnlyDictionary<string, string>? labels) => Selector.From(selector).Value?.Matches(labels) == true;

    /// <summary>A copy with one more entry, or with another value.</summary>
    public static IReadOnlyDictionary<string, string> With(this IReadOnlyDictionary<string, string>? map, string key, string value) =>
        new Dictionary<string, string>(map ?? new Dictionary<string, string>(), StringComparer.Ordinal) { [key] = value };

    /// <summary>A copy without an entry.</summary>
    public static IReadOnlyDictionary<string, string> Without(this IReadOnlyDictionary<string, string>? map, string key) =>
        (map ?? new Dictionary<string, string>()).Where(pair => pair.Key != key).ToDictionary(StringComparer.Ordinal);
}
