using System.Text.RegularExpressions;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Resources.Kinds.Validation;

/// <summary>Checks that <see cref="Names"/> does not have; each yields upstream's messages, none where the value is fine.</summary>
internal static partial class NameChecks
{
    /// <summary>A subdomain whose first label is <c>*</c>, as an Ingress host may be.</summary>
    public static IEnumerable<string> WildcardDnsSubdomain(string value)
    {
        if (!value.StartsWith("*.", StringComparison.Ordinal) || value.Length > Names.SubdomainLength || Names.IsDnsSubdomain(value[2..]).Count > 0)
        {
            yield return "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, "
                + "'-' or '.' and end with an alphanumeric character "
                + @"(e.g. '*.example.com', regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        }
    }

    /// <summary>An HTTP header's name.</summary>
    public static IEnumerable<string> HttpHeader(string value) =>
        HeaderPattern().IsMatch(value) ? [] : ["a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"];

    [GeneratedRegex("^[-A-Za-z0-9]+\\z")]
    private static partial Regex HeaderPattern();
}
