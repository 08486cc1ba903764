using System.Buffers;

namespace KubeAspire.ApiMachinery.Meta;

/// <summary>What names may look like. Each check returns what is wrong, in upstream's words; nothing where all is well.</summary>
/// <remarks>
/// k8s.io/apimachinery pkg/util/validation and pkg/api/validation/path. The checks are the regexes that the messages quote, written as
/// scans: every write checks a dozen names.
/// </remarks>
public static class Names
{
    /// <summary>Characters of a DNS label (RFC 1123). 63.</summary>
    public const int LabelLength = 63;

    /// <summary>Characters of a DNS subdomain (RFC 1123). 253.</summary>
    public const int SubdomainLength = 253;

    private const string LabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string SubdomainFormat = LabelFormat + @"(\." + LabelFormat + ")*";
    private const string Label1035Format = "[a-z]([-a-z0-9]*[a-z0-9])?";
    private const string QualifiedFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private const string ConfigKeyFormat = "[-._a-zA-Z0-9]+";

    private static readonly SearchValues<char> s_labelChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> s_qualifiedChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    private const string QualifiedMessage = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

    /// <summary>Checks a lowercase RFC 1123 label: the name of a Namespace or a container.</summary>
    public static IReadOnlyList<string> IsDnsLabel(string value) => Check(
        value, LabelLength, IsLabel(value), "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        LabelFormat, "my-name", "123-abc");

    /// <summary>Checks a lowercase RFC 1123 subdomain: the name of most kinds.</summary>
    public static IReadOnlyList<string> IsDnsSubdomain(string value) => Check(
        value, SubdomainLength, IsSubdomain(value), "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        SubdomainFormat, "example.com");

    /// <summary>Checks an RFC 1035 label: the name of a Service.</summary>
    public static IReadOnlyList<string> IsDns1035Label(string value) => Check(
        value, LabelLength, IsLabel(value) && char.IsAsciiLetterLower(value[0]), "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        Label1035Format, "my-name", "abc-123");

    /// <summary>Checks a name that stands in a path as it is: the name of an RBAC object.</summary>
    public static IReadOnlyList<string> IsPathSegment(string value)
    {
        if (value is "." or "..")
        {
            return [$"may not be '{value}'"];
        }

        var problems = new List<string>();
        foreach (var c in "/%")
        {
            if (value.Contains(c, StringComparison.Ordinal))
            {
                problems.Add($"may not contain '{c}'");
            }
        }

        return problems;
    }

    /// <summary>Checks a label's, an annotation's or a finalizer's key: a name with an optional DNS subdomain and a slash before it.</summary>
    public static IReadOnlyList<string> IsQualifiedName(string value)
    {
        if (value.Length <= LabelLength && IsQualified(value))
        {
            return [];
        }

        var problems = new List<string>();
        var parts = value.Split('/');
        if (parts.Length > 2)
        {
            return [$"a qualified name {Explain(QualifiedMessage, QualifiedFormat, "MyName", "my.name", "123-abc")} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
        }

        var name = parts[^1];
        if (parts.Length == 2)
        {
            problems.AddRange(parts[0].Length == 0 ? ["prefix part must be non-empty"] : IsDnsSubdomain(parts[0]).Select(problem => "prefix part " + problem));
        }

        if (name.Length == 0)
        {
            problems.Add("name part must be non-empty");
        }
        else if (name.Length > LabelLength)
        {
            problems.Add("name part " + TooLong(LabelLength));
        }

        if (!IsQualified(name))
        {
            problems.Add("name part " + Explain(QualifiedMessage, QualifiedFormat, "MyName", "my.name", "123-abc"));
        }

        return problems;
    }

    /// <summary>Checks a label's value.</summary>
    public static IReadOnlyList<string> IsLabelValue(string value)
    {
        if (value.Length == 0 || (value.Length <= LabelLength && IsQualified(value)))
        {
            return [];
        }

        var problems = new List<string>();
        if (value.Length > LabelLength)
        {
            problems.Add(TooLong(LabelLength));
        }

        if (!IsQualified(value))
        {
            problems.Add(Explain(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                $"({QualifiedFormat})?", "MyValue", "my_value", "12345"));
        }

        return problems;
    }

    /// <summary>Checks a key of a ConfigMap's or a Secret's data.</summary>
    public static IReadOnlyList<string> IsConfigMapKey(string value)
    {
        if (value.Length is > 0 and <= SubdomainLength && value[0] != '.' && !value.AsSpan().ContainsAnyExcept(s_qualifiedChars))
        {
            return [];
        }

        var problems = new List<string>(Check(
            value, SubdomainLength, value.Length > 0 && !value.AsSpan().ContainsAnyExcept(s_qualifiedChars), "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", ConfigKeyFormat, "key.name", "KEY_NAME", "key-name"));
        problems.AddRange(value is "." or ".." ? [$"must not be '{value}'"] : value.StartsWith("..", StringComparison.Ordinal) ? ["must not start with '..'"] : []);
        return problems;
    }

    /// <summary>Checks an environment variable's name: printable ASCII without an equals sign.</summary>
    public static IReadOnlyList<string> IsEnvVarName(string value) =>
        value.Length > 0 && value.All(c => c is >= ' ' and <= '~' and not '=') ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];

    /// <summary>Checks a port's number.</summary>
    public static IReadOnlyList<string> IsPortNumber(long value) => value is >= 1 and <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];

    /// <summary>Checks a port's name (RFC 6335 service name).</summary>
    public static IReadOnlyList<string> IsPortName(string value)
    {
        var problems = new List<string>();
        if (value.Length > 15)
        {
            problems.Add("must be no more than 15 bytes");
        }

        if (value.Length == 0 || value.AsSpan().ContainsAnyExcept(s_labelChars))
        {
            problems.Add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        }

        if (!value.Any(char.IsAsciiLetter))
        {
            problems.Add("must contain at least one letter (a-z)");
        }

        if (value.Contains("--", StringComparison.Ordinal))
        {
            problems.Add("must not contain consecutive hyphens");
        }

        if (value.Length > 0 && (value[0] == '-' || value[^1] == '-'))
        {
            problems.Add("must not begin or end with a hyphen");
        }

        return problems;
    }

    private static IReadOnlyList<string> Check(string value, int length, bool isMatch, string message, string format, params ReadOnlySpan<string> examples)
    {
        var tooLong = value.Length > length;
        return (tooLong, isMatch) switch
        {
            (false, true) => [],
            (true, true) => [TooLong(length)],
            (false, false) => [Explain(message, format, examples)],
            (true, false) => [TooLong(length), Explain(message, format, examples)],
        };
    }

    private static string TooLong(int length) => $"must be no more than {length} bytes";

    private static string Explain(string message, string format, params ReadOnlySpan<string> examples) =>
        $"{message} (e.g. {string.Join(" or ", examples.ToArray().Select(example => $"'{example}', "))}regex used for validation is '{format}')";

    private static bool IsLabel(ReadOnlySpan<char> value) =>
        value.Length > 0 && value[0] != '-' && value[^1] != '-' && !value.ContainsAnyExcept(s_labelChars);

    private static bool IsSubdomain(ReadOnlySpan<char> value)
    {
        foreach (var part in value.Split('.'))
        {
            if (!IsLabel(value[part]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsQualified(ReadOnlySpan<char> value) =>
        value.Length > 0 && char.IsAsciiLetterOrDigit(value[0]) && char.IsAsciiLetterOrDigit(value[^1]) && !value.ContainsAnyExcept(s_qualifiedChars);
}
