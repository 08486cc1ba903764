using System.Globalization;

namespace KubeAspire.ApiServer.Discovery;

/// <summary>Orders versions as clients prefer them: stable over beta over alpha, then higher numbers, then everything else by name.</summary>
/// <remarks>Upstream's <c>version.CompareKubeAwareVersionStrings</c>. Greater is preferred.</remarks>
internal static class VersionPriority
{
    public static IComparer<string> Order { get; } = Comparer<string>.Create(Compare);

    private static int Compare(string? left, string? right)
    {
        var (a, b) = (Rank(left ?? ""), Rank(right ?? ""));
        return a == b && a.Stability == 0 ? string.CompareOrdinal(right, left) : a.CompareTo(b);
    }

    // Stability 3, 2, 1 for stable, beta, alpha; 0 for a name that is no version of Kubernetes' form.
    private static (int Stability, long Major, long Minor) Rank(string version)
    {
        var rest = version.AsSpan();
        if (!rest.StartsWith("v") || !Number(ref rest, 1, out var major))
        {
            return default;
        }

        if (rest.IsEmpty)
        {
            return (3, major, 0);
        }

        var (stability, word) = rest.StartsWith("beta") ? (2, 4) : rest.StartsWith("alpha") ? (1, 5) : (0, 0);
        return stability > 0 && Number(ref rest, word, out var minor) && rest.IsEmpty ? (stability, major, minor) : default;
    }

    private static bool Number(ref ReadOnlySpan<char> text, int skip, out long number)
    {
        text = text[skip..];
        var digits = text.IndexOfAnyExceptInRange('0', '9');
        var length = digits < 0 ? text.Length : digits;
        var parsed = long.TryParse(text[..length], NumberStyles.None, CultureInfo.InvariantCulture, out number) && text[0] != '0';
        text = text[length..];
        return parsed;
    }
}
