using System.Text.RegularExpressions;

namespace KubeAspire.Resources.Kinds.Validation;

/// <summary>Checks of names and keys inside an object; each yields upstream's messages, none where the value is fine.</summary>
/// <remarks>k8s.io/apimachinery pkg/util/validation.</remarks>
internal static partial class NameChecks
{
    private const string DnsLabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string QualifiedNameFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

    /// <summary>RFC 1123 label, at most 63 characters.</summary>
    public static IEnumerable<string> DnsLabel(string value)
    {
        if (value.Length > 63)
        {
            yield return TooLong(63);
        }

        if (!DnsLabelPattern().IsMatch(value))
        {
            yield return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
                + $"(e.g. 'my-name',  or '123-abc', regex used for validation is '{DnsLabelFormat}')";
        }
    }

    /// <summary>RFC 1035 label, at most 63 characters.</summary>
    public static IEnumerable<string> DnsLabel1035(string value)
    {
        if (value.Length > 63)
        {
            yield return TooLong(63);
        }

        if (!DnsLabel1035Pattern().IsMatch(value))
        {
            yield return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character "
                + "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
        }
    }

    /// <summary>RFC 1123 subdomain, at most 253 characters.</summary>
    public static IEnumerable<string> DnsSubdomain(string value)
    {
        if (value.Length > 253)
        {
            yield return TooLong(253);
        }

        if (!DnsSubdomainPattern().IsMatch(value))
        {
            yield return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
                + $@"(e.g. 'example.com', regex used for validation is '{DnsLabelFormat}(\.{DnsLabelFormat})*')";
        }
    }

    /// <summary>A subdomain whose first label is <c>*</c>, as an Ingress host may be.</summary>
    public static IEnumerable<string> WildcardDnsSubdomain(string value)
    {
        if (!value.StartsWith("*.", StringComparison.Ordinal) || !DnsSubdomainPattern().IsMatch(value[2..]) || value.Length > 253)
        {
            yield return "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, "
                + "'-' or '.' and end with an alphanumeric character "
                + $@"(e.g. '*.example.com', regex used for validation is '\*\.{DnsLabelFormat}(\.{DnsLabelFormat})*')";
        }
    }

    /// <summary>A label's or annotation's key, a condition type: an optional DNS prefix and a name.</summary>
    public static IEnumerable<string> QualifiedName(string value)
    {
        var parts = value.Split('/');
        var name = parts[^1];
        var regex = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
            + $"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QualifiedNameFormat}')";
        switch (parts.Length)
        {
            case 1:
                break;
            case 2 when parts[0].Length == 0:
                yield return "prefix part must be non-empty";
                break;
            case 2:
                foreach (var message in DnsSubdomain(parts[0]))
                {
                    yield return "prefix part " + message;
                }

                break;
            default:
                yield return $"a qualified name {regex} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
                yield break;
        }

        if (name.Length == 0)
        {
            yield return "name part must be non-empty";
        }
        else if (name.Length > 63)
        {
            yield return "name part " + TooLong(63);
        }

        if (!QualifiedNamePattern().IsMatch(name))
        {
            yield return "name part " + regex;
        }
    }

    /// <summary>A label's value: empty, or at most 63 characters.</summary>
    public static IEnumerable<string> LabelValue(string value)
    {
        if (value.Length > 63)
        {
            yield return TooLong(63);
        }

        if (value.Length > 0 && !QualifiedNamePattern().IsMatch(value))
        {
            yield return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
                + $"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({QualifiedNameFormat})?')";
        }
    }

    /// <summary>A port's number.</summary>
    public static IEnumerable<string> PortNumber(long value) => value is < 1 or > 65535 ? ["must be between 1 and 65535, inclusive"] : [];

    /// <summary>A port's name: IANA service name, at most 15 characters.</summary>
    public static IEnumerable<string> PortName(string value)
    {
        if (value.Length > 15)
        {
            yield return TooLong(15);
        }

        if (!PortCharacters().IsMatch(value))
        {
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        }

        if (!value.Any(char.IsAsciiLetterLower))
        {
            yield return "must contain at least one letter (a-z)";
        }

        if (value.Contains("--", StringComparison.Ordinal))
        {
            yield return "must not contain consecutive hyphens";
        }

        if (value.Length > 0 && (value[0] == '-' || value[^1] == '-'))
        {
            yield return "must not begin or end with a hyphen";
        }
    }

    /// <summary>An environment variable's name.</summary>
    public static IEnumerable<string> EnvironmentVariable(string value)
    {
        if (value.Length == 0)
        {
            yield return "environment variable name must be non-empty";
        }

        if (value.Any(c => c is < ' ' or > '~' or '='))
        {
            yield return "a valid environment variable name must consist only of printable ASCII characters other than '='";
        }
    }

    /// <summary>A key of a ConfigMap or Secret, which becomes a file's name.</summary>
    public static IEnumerable<string> ConfigKey(string value)
    {
        if (value.Length > 253)
        {
            yield return TooLong(253);
        }

        if (!ConfigKeyPattern().IsMatch(value))
        {
            yield return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
                + "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
        }

        if (value is "." or "..")
        {
            yield return $"must not be '{value}'";
        }
        else if (value.StartsWith("..", StringComparison.Ordinal))
        {
            yield return "must not start with '..'";
        }
    }

    /// <summary>A name that is one segment of a path.</summary>
    public static IEnumerable<string> PathSegment(string value)
    {
        if (value is "." or "..")
        {
            yield return $"may not be '{value}'";
        }

        foreach (var part in new[] { '/', '%' })
        {
            if (value.Contains(part))
            {
                yield return $"may not contain '{part}'";
            }
        }
    }

    /// <summary>An HTTP header's name.</summary>
    public static IEnumerable<string> HttpHeader(string value) =>
        HeaderPattern().IsMatch(value) ? [] : ["a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"];

    private static string TooLong(int maximum) => $"must be no more than {maximum} characters";

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?\\z")]
    private static partial Regex DnsLabelPattern();

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?\\z")]
    private static partial Regex DnsLabel1035Pattern();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\z")]
    private static partial Regex DnsSubdomainPattern();

    [GeneratedRegex("^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\\z")]
    private static partial Regex QualifiedNamePattern();

    [GeneratedRegex("^[-a-z0-9]+\\z")]
    private static partial Regex PortCharacters();

    [GeneratedRegex("^[-._a-zA-Z0-9]+\\z")]
    private static partial Regex ConfigKeyPattern();

    [GeneratedRegex("^[-A-Za-z0-9]+\\z")]
    private static partial Regex HeaderPattern();
}
