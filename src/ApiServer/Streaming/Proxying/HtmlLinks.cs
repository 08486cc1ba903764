using System.Text;
using System.Text.RegularExpressions;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary>Makes a page's links lead through the proxy that the page came by.</summary>
/// <remarks>The elements and attributes are those of upstream's proxy transport.</remarks>
internal static partial class HtmlLinks
{
    /// <summary>Rewrites links that begin at the root of the backend, or name it.</summary>
    /// <param name="html">The page.</param>
    /// <param name="prefix">Path under which the client reaches the backend, without a slash at its end.</param>
    public static string Rewrite(string html, string prefix) => Link().Replace(html, match =>
    {
        var url = match.Groups["url"].Value;
        return Path(url, prefix) is { } path ? string.Concat(match.Groups["before"].Value, path, match.Groups["after"].Value) : match.Value;
    });

    /// <summary>A Location header as the client must follow it.</summary>
    /// <param name="location">As the backend wrote it.</param>
    /// <param name="prefix">Path under which the client reaches the backend.</param>
    /// <param name="host">The Host that the backend was asked as: one that names it is its own.</param>
    public static string Location(string location, string prefix, string host)
    {
        if (Uri.TryCreate(location, UriKind.Absolute, out var absolute) && absolute.Scheme is "http" or "https")
        {
            return string.Equals(absolute.Authority, host, StringComparison.OrdinalIgnoreCase) ? prefix + absolute.PathAndQuery + absolute.Fragment : location;
        }

        return Path(location, prefix) ?? location;
    }

    /// <summary>The whole page in its encoding; null where it is none that is known.</summary>
    public static Encoding? EncodingOf(string? charset)
    {
        try
        {
            return string.IsNullOrEmpty(charset) ? Encoding.Latin1 : Encoding.GetEncoding(charset.Trim('"'));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static string? Path(string url, string prefix) =>
        url.StartsWith('/') && !url.StartsWith("//", StringComparison.Ordinal) && !url.StartsWith(prefix + "/", StringComparison.Ordinal) ? prefix + url : null;

    // For example: <a class="x" href="/page">, <img src='/a.png'>.
    [GeneratedRegex(
        """(?<before><(?:a|applet|area|audio|base|blockquote|body|button|command|del|embed|form|frame|head|html|iframe|img|input|ins|link|object|q|script|source|video)\b(?:[^<>"']|"[^"]*"|'[^']*')*?\s(?:action|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile|src|usemap|background)\s*=\s*["']?)(?<url>/[^"'\s>]*)(?<after>)""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Link();
}
