using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Net.Mail;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>The formats of strings that custom resources are checked for. A format that is not among them says nothing.</summary>
/// <remarks>apiextensions-apiserver pkg/apiserver/validation/formats.go and kube-openapi pkg/validation/strfmt; hyphens in a name do not count.</remarks>
internal static partial class Formats
{
    private static readonly FrozenDictionary<string, Func<string, bool>> s_checks = new Dictionary<string, Func<string, bool>>
    {
        ["bsonobjectid"] = text => text.Length == 24 && text.All(char.IsAsciiHexDigit),
        ["uri"] = IsUri,
        ["email"] = text => MailAddress.TryCreate(text, out _),
        ["hostname"] = IsHostname,
        ["ipv4"] = IsIPv4,
        ["ipv6"] = IsIPv6,
        ["cidr"] = IsCidr,
        ["mac"] = IsMac,
        ["uuid"] = text => Uuid().IsMatch(text),
        ["uuid3"] = text => Uuid().IsMatch(text) && UuidVersion(text) == '3',
        ["uuid4"] = text => Uuid().IsMatch(text) && UuidVersion(text) == '4' && HasUuidVariant(text),
        ["uuid5"] = text => Uuid().IsMatch(text) && UuidVersion(text) == '5' && HasUuidVariant(text),
        ["isbn"] = text => IsIsbn10(text) || IsIsbn13(text),
        ["isbn10"] = IsIsbn10,
        ["isbn13"] = IsIsbn13,
        ["creditcard"] = IsCreditCard,
        ["ssn"] = text => Ssn().IsMatch(text),
        ["hexcolor"] = text => HexColor().IsMatch(text),
        ["rgbcolor"] = text => RgbColor().IsMatch(text),
        ["byte"] = text => text.Length % 4 == 0 && Base64().IsMatch(text),
        ["password"] = _ => true,
        ["date"] = IsDate,
        ["datetime"] = IsDateTime,
        ["duration"] = IsDuration,
        ["quantity"] = text => Quantity.TryParse(text, out _, out _),
        ["k8sshortname"] = text => Names.IsDnsLabel(text).Count == 0,
        ["k8slongname"] = text => Names.IsDnsSubdomain(text).Count == 0,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // From the smallest unit; a word matches in full, the last of a line by its beginning.
    private static readonly string[][] s_units =
    [
        ["ns", "nano"], ["us", "µs", "micro"], ["ms", "milli"], ["s", "sec"], ["m", "min"], ["h", "hr", "hour"], ["d", "day"], ["w", "wk", "week"],
    ];

    /// <summary>The check of a format; null for one that is not checked.</summary>
    public static Func<string, bool>? Find(string? format) =>
        string.IsNullOrEmpty(format) ? null : s_checks.GetValueOrDefault(format.Replace("-", "", StringComparison.Ordinal));

    /// <summary>A full-date of RFC 3339.</summary>
    public static bool IsDate(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    /// <summary>A date-time of RFC 3339. A leap second is none.</summary>
    public static bool IsDateTime(string text)
    {
        var at = text.AsSpan().IndexOfAny('t', 'T');
        return at > 0 && IsDate(text[..at]) && TimeOfDay().Match(text[(at + 1)..]) is { Success: true } match
            && match.Groups[1].ValueSpan.CompareTo("23", StringComparison.Ordinal) <= 0
            && match.Groups[2].ValueSpan.CompareTo("59", StringComparison.Ordinal) <= 0
            && match.Groups[3].ValueSpan.CompareTo("59", StringComparison.Ordinal) <= 0;
    }

    /// <summary>A duration as Go writes it (<c>1h30m</c>, <c>-1.5s</c>), or in words (<c>2 days</c>).</summary>
    public static bool IsDuration(string text) => GoDuration().IsMatch(text) || WordDuration().Matches(text).Any(match =>
        int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out _) && IsUnit(match.Groups[2].Value));

    private static bool IsUnit(string word) => s_units.Any(unit =>
        unit.Contains(word, StringComparer.OrdinalIgnoreCase) || word.StartsWith(unit[^1], StringComparison.OrdinalIgnoreCase));

    // An absolute URI, or an absolute path.
    private static bool IsUri(string text)
    {
        if (text.Length == 0 || text.Any(char.IsControl) || BadEscape().IsMatch(text))
        {
            return false;
        }

        if (text[0] == '/')
        {
            return true;
        }

        var scheme = Scheme().Match(text);
        if (!scheme.Success)
        {
            return false;
        }

        var rest = text[scheme.Length..];
        if (!rest.StartsWith("//", StringComparison.Ordinal))
        {
            return rest.Length > 0;
        }

        var end = rest.AsSpan(2).IndexOfAny('/', '?', '#');
        var authority = end < 0 ? rest[2..] : rest[2..(end + 2)];
        return Authority().IsMatch(authority);
    }

    private static bool IsHostname(string text) =>
        text.Length is > 0 and <= 255 && text.Split('.').All(label =>
            label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => c == '-' || char.IsLetterOrDigit(c) || char.IsSymbol(c)));

    private static bool IsIPv4(string text) =>
        text.Split('.') is { Length: 4 } parts && parts.All(part => part.Length is > 0 and <= 3 && part.All(char.IsAsciiDigit) && (part.Length == 1 || part[0] != '0') && int.Parse(part, CultureInfo.InvariantCulture) <= 255);

    private static bool IsIPv6(string text) =>
        text.Contains(':', StringComparison.Ordinal) && text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.') && IPAddress.TryParse(text, out var address)
        && address.AddressFamily == AddressFamily.InterNetworkV6 && (!text.Contains('.', StringComparison.Ordinal) || IsIPv4(text[(text.LastIndexOf(':') + 1)..]));

    private static bool IsCidr(string text)
    {
        var at = text.IndexOf('/', StringComparison.Ordinal);
        if (at < 0)
        {
            return false;
        }

        var (address, length) = (text[..at], text[(at + 1)..]);
        return length.Length is > 0 and <= 3 && length.All(char.IsAsciiDigit) && (length.Length == 1 || length[0] != '0')
            && int.Parse(length, CultureInfo.InvariantCulture) is var bits && ((IsIPv4(address) && bits <= 32) || (IsIPv6(address) && bits <= 128));
    }

    // 6, 8 or 20 bytes: in pairs with colons or hyphens, or in fours with dots.
    private static bool IsMac(string text)
    {
        if (text.Length < 14)
        {
            return false;
        }

        var separator = text[2] is ':' or '-' ? text[2] : '.';
        var (size, parts) = (separator == '.' ? 4 : 2, text.Split(separator));
        return parts.Length * size / 2 is 6 or 8 or 20 && parts.All(part => part.Length == size && part.All(char.IsAsciiHexDigit));
    }

    private static char UuidVersion(string text) => text.Replace("-", "", StringComparison.Ordinal)[12];

    private static bool HasUuidVariant(string text) => text.Replace("-", "", StringComparison.Ordinal)[16] is '8' or '9' or 'a' or 'b' or 'A' or 'B';

    private static bool IsIsbn10(string text)
    {
        var digits = Bare(text);
        return digits.Length == 10 && digits[..9].All(char.IsAsciiDigit) && (char.IsAsciiDigit(digits[9]) || digits[9] is 'X')
            && digits.Select((c, i) => (10 - i) * (c == 'X' ? 10 : c - '0')).Sum() % 11 == 0;
    }

    private static bool IsIsbn13(string text)
    {
        var digits = Bare(text);
        return digits.Length == 13 && digits.All(char.IsAsciiDigit) && digits.Select((c, i) => (c - '0') * (i % 2 == 0 ? 1 : 3)).Sum() % 10 == 0;
    }

    private static bool IsCreditCard(string text)
    {
        var digits = string.Concat(text.Where(char.IsAsciiDigit));
        // Luhn: every second digit from the right is doubled.
        return Card().IsMatch(digits)
            && digits.Reverse().Select((c, i) => i % 2 == 0 ? c - '0' : (c - '0') * 2 is var two && two > 9 ? two - 9 : (c - '0') * 2).Sum() % 10 == 0;
    }

    private static string Bare(string text) => text.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);

    [GeneratedRegex(@"^([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([zZ]|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex TimeOfDay();

    [GeneratedRegex(@"^[+-]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|\u00B5s|\u03BCs|ms|s|m|h))+)\z")]
    private static partial Regex GoDuration();

    [GeneratedRegex(@"([0-9]+)\s*([A-Za-z\u00B5]+)")]
    private static partial Regex WordDuration();

    [GeneratedRegex(@"%(?![0-9A-Fa-f]{2})")]
    private static partial Regex BadEscape();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9+.-]*:")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^([^\s@<>""\\^`{|}]*@)?(\[[0-9A-Fa-f:.%]+\]|[^\s<>""\\^`{|}\[\]:@]*)(:[0-9]*)?\z")]
    private static partial Regex Authority();

    [GeneratedRegex(@"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\z")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}\z")]
    private static partial Regex Ssn();

    [GeneratedRegex(@"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\z")]
    private static partial Regex HexColor();

    [GeneratedRegex(@"^rgb\(\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*\)\z")]
    private static partial Regex RgbColor();

    [GeneratedRegex(@"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\z")]
    private static partial Regex Base64();

    [GeneratedRegex(@"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})\z")]
    private static partial Regex Card();
}
