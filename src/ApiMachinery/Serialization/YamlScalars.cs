using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>What an unquoted YAML scalar means, by the rules of YAML 1.1 as Kubernetes' tools apply them.</summary>
/// <remarks>sigs.k8s.io/yaml: yes, on and y are booleans, 0777 and 0o777 are octal, a time stays a string.</remarks>
internal static partial class YamlScalars
{
    /// <summary>Reads a plain scalar.</summary>
    /// <exception cref="YamlProblem">The scalar is a number that JSON has no way to write.</exception>
    public static JsonNode? Resolve(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return JsonValue.Create(true);
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return JsonValue.Create(false);
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                throw new YamlProblem("json: unsupported value: +Inf");
            case "-.inf" or "-.Inf" or "-.INF":
                throw new YamlProblem("json: unsupported value: -Inf");
            case ".nan" or ".NaN" or ".NAN":
                throw new YamlProblem("json: unsupported value: NaN");
        }

        return text[0] is '+' or '-' or '.' or (>= '0' and <= '9') && Number(text.Replace("_", "", StringComparison.Ordinal)) is { } number ? number : JsonValue.Create(text);
    }

    /// <summary>Whether a plain scalar would be read as this very string.</summary>
    public static bool IsString(string text)
    {
        try
        {
            return Resolve(text) is { } node && node.AsString() is not null;
        }
        catch (YamlProblem)
        {
            return false;
        }
    }

    private static JsonValue? Number(string text)
    {
        var negative = text.StartsWith('-');
        var digits = text.StartsWith('-') || text.StartsWith('+') ? text[1..] : text;
        if (digits.Length > 0 && Integer(digits) is { } magnitude)
        {
            var value = negative ? -magnitude : magnitude;
            if (value >= long.MinValue && value <= long.MaxValue)
            {
                return JsonScalars.Number((long)value);
            }

            if (value > 0 && value <= ulong.MaxValue)
            {
                return JsonValue.Create(System.Text.Json.JsonElement.Parse(value.ToString(CultureInfo.InvariantCulture)));
            }
        }

        if (!Float().IsMatch(text))
        {
            return null;
        }

        var number = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(number) ? number == Math.Floor(number) && Math.Abs(number) < 1e15 ? JsonScalars.Number((long)number) : JsonScalars.Number(number) : null;
    }

    // Go's ParseInt with base 0: 0x, 0b and 0o, and a leading zero for octal. More digits than this cannot be an integer that JSON keeps.
    private static BigInteger? Integer(string digits)
    {
        const int MostDigits = 70;
        if (digits.Length > MostDigits)
        {
            return null;
        }

        var (numberBase, rest) = digits switch
        {
            ['0', 'x' or 'X', ..] => (16, digits[2..]),
            ['0', 'b' or 'B', ..] => (2, digits[2..]),
            ['0', 'o' or 'O', ..] => (8, digits[2..]),
            ['0', _, ..] => (8, digits[1..]),
            _ => (10, digits),
        };
        var value = BigInteger.Zero;
        foreach (var c in rest)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : numberBase;
            if (digit >= numberBase)
            {
                return null;
            }

            value = (value * numberBase) + digit;
        }

        return rest.Length == 0 ? null : value;
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Float();
}
