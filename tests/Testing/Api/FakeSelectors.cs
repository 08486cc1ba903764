using System.Text.Json.Nodes;

namespace KubeAspire.Testing.Api;

/// <summary>Label and field selectors over trees, as far as tests need them: =, ==, !=, in, notin, exists, !exists.</summary>
internal static class FakeSelectors
{
    /// <summary>Whether an object matches both selectors; null selects everything.</summary>
    public static bool Matches(JsonObject value, string? labels, string? fields) =>
        SplitTop(labels).All(term => MatchesLabel(value["metadata"]?["labels"] as JsonObject, term))
        && SplitTop(fields).All(term => MatchesField(value, term));

    private static bool MatchesLabel(JsonObject? labels, string term)
    {
        var words = term.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 3 && words[1] is "in" or "notin")
        {
            var values = words[2].Trim('(', ')').Split(',', StringSplitOptions.TrimEntries);
            var label = Read(labels, words[0]);
            return words[1] == "in" ? label is not null && values.Contains(label) : label is null || !values.Contains(label);
        }

        if (Split(term) is var (name, equal, wanted))
        {
            return (Read(labels, name) == wanted) == equal;
        }

        return term.StartsWith('!') ? Read(labels, term[1..].Trim()) is null : Read(labels, term) is not null;
    }

    private static bool MatchesField(JsonObject value, string term)
    {
        var (path, equal, wanted) = Split(term) ?? throw new ArgumentException($"field selector term \"{term}\" has no operator");
        JsonNode? node = value;
        foreach (var step in path.Split('.'))
        {
            node = (node as JsonObject)?[step];
        }

        return ((node?.ToString() ?? "") == wanted) == equal;
    }

    private static (string Name, bool Equal, string Value)? Split(string term)
    {
        foreach (var (sign, equal) in new[] { ("!=", false), ("==", true), ("=", true) })
        {
            var at = term.IndexOf(sign, StringComparison.Ordinal);
            if (at > 0)
            {
                return (term[..at].Trim(), equal, term[(at + sign.Length)..].Trim());
            }
        }

        return null;
    }

    private static string? Read(JsonObject? labels, string name) => labels?[name]?.GetValue<string>();

    // Commas inside the parentheses of "in (a,b)" do not separate terms.
    private static IEnumerable<string> SplitTop(string? selector)
    {
        var depth = 0;
        var from = 0;
        for (var i = 0; i < (selector?.Length ?? 0); i++)
        {
            depth += selector![i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (selector[i] == ',' && depth == 0)
            {
                yield return selector[from..i].Trim();
                from = i + 1;
            }
        }

        if (!string.IsNullOrEmpty(selector))
        {
            yield return selector[from..].Trim();
        }
    }
}
