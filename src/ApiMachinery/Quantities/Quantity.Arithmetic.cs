using System.Globalization;
using System.Numerics;

namespace KubeAspire.ApiMachinery.Quantities;

/// <content>Parsing, comparison and arithmetic. Exact in billionths, the finest unit there is.</content>
/// <remarks>k8s.io/apimachinery pkg/api/resource: finer values are rounded away from zero, larger ones capped at 2^63−1.</remarks>
public readonly partial record struct Quantity : IComparable<Quantity>
{
    private const string FormatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    private const string SuffixWrong = "unable to parse quantity's suffix";

    /// <summary>Characters in a quantity. 512: beyond this a number can only be noise.</summary>
    private const int MaximumLength = 512;

    private static readonly BigInteger s_billion = 1_000_000_000;
    private static readonly BigInteger s_cap = long.MaxValue * s_billion;
    private static readonly string[] s_binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] s_decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    private enum Style
    {
        Decimal,
        Binary,
        Exponent,
    }

    /// <summary>Nothing.</summary>
    public static Quantity Zero { get; } = new("0");

    /// <summary>Whether this is zero.</summary>
    public bool IsZero => Parsed().Nano.IsZero;

    /// <summary>−1, 0 or 1.</summary>
    public int Sign => Parsed().Nano.Sign;

    /// <summary>Whole units, rounded away from zero, capped to a long.</summary>
    /// <exception cref="FormatException">The text is no quantity.</exception>
    public long Value => Scaled(s_billion);

    /// <summary>Thousandths, rounded away from zero, capped to a long.</summary>
    /// <exception cref="FormatException">The text is no quantity.</exception>
    public long MilliValue => Scaled(1_000_000);

    /// <summary>Whole units in decimal notation.</summary>
    public static Quantity From(long value) => Make(value * s_billion, Style.Decimal);

    /// <summary>Thousandths in decimal notation.</summary>
    public static Quantity FromMilli(long value) => Make(value * new BigInteger(1_000_000), Style.Decimal);

    /// <summary>Whole units in binary notation: 1024 is 1Ki.</summary>
    public static Quantity FromBinary(long value) => Make(value * s_billion, Style.Binary);

    /// <summary>Reads a quantity.</summary>
    /// <exception cref="FormatException">The text is no quantity; the message is upstream's.</exception>
    public static Quantity Parse(string text) => TryParse(text, out var quantity, out var problem) ? quantity : throw new FormatException(problem);

    /// <summary>Reads a quantity.</summary>
    /// <param name="text">The text; kept as it is.</param>
    /// <param name="quantity">The quantity.</param>
    /// <param name="problem">Why it is none, in upstream's words.</param>
    public static bool TryParse(string? text, out Quantity quantity, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? problem)
    {
        problem = Read(text ?? "", out _, out _);
        quantity = problem is null ? new Quantity(text!) : Zero;
        return problem is null;
    }

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => Parsed().Nano.CompareTo(other.Parsed().Nano);

    public static Quantity operator +(Quantity left, Quantity right) => Combine(left, right, 1);

    public static Quantity operator -(Quantity left, Quantity right) => Combine(left, right, -1);

    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    public static Quantity Add(Quantity left, Quantity right) => left + right;

    public static Quantity Subtract(Quantity left, Quantity right) => left - right;

    /// <summary>The text that upstream writes for this amount: <c>500m</c> for 0.5, <c>1536Mi</c> for 1.5Gi.</summary>
    /// <exception cref="FormatException">The text is no quantity.</exception>
    public string Canonical()
    {
        var (nano, style) = Parsed();
        return Format(nano, style);
    }

    private static Quantity Make(BigInteger nano, Style style) => new(Format(Capped(nano), style));

    private static BigInteger Capped(BigInteger nano) => BigInteger.Abs(nano) > s_cap ? nano.Sign * s_cap : nano;

    // The sum is written in the left one's notation, unless that is zero.
    private static Quantity Combine(Quantity left, Quantity right, int sign)
    {
        var (a, style) = left.Parsed();
        var (b, otherStyle) = right.Parsed();
        return Make(a + (sign * b), a.IsZero ? otherStyle : style);
    }

    private long Scaled(BigInteger unit)
    {
        var value = DivideUp(Parsed().Nano, unit);
        return value > long.MaxValue ? long.MaxValue : value < long.MinValue ? long.MinValue : (long)value;
    }

    private static BigInteger DivideUp(BigInteger value, BigInteger by)
    {
        var quotient = BigInteger.DivRem(value, by, out var remainder);
        return remainder.IsZero ? quotient : quotient + value.Sign;
    }

    private (BigInteger Nano, Style Style) Parsed() =>
        Read(ToString(), out var nano, out var style) is { } problem ? throw new FormatException($"{problem}: \"{Text}\"") : (nano, style);

    private static string? Read(string text, out BigInteger nano, out Style style)
    {
        (nano, style) = (default, Style.Decimal);
        if (text.Length is 0 or > MaximumLength)
        {
            return FormatWrong;
        }

        var at = text[0] is '+' or '-' ? 1 : 0;
        var start = at;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
        {
            at++;
        }

        var number = text[start..at];
        var point = number.IndexOf('.', StringComparison.Ordinal);
        if (number.Trim('.').Length == 0 || number.LastIndexOf('.') != point)
        {
            return FormatWrong;
        }

        if (!Suffix(text[at..], out var numberBase, out var exponent, out style))
        {
            return SuffixOnly(text.AsSpan(at)) ? SuffixWrong : FormatWrong;
        }

        var digits = BigInteger.Parse(number.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        var fraction = point < 0 ? 0 : number.Length - point - 1;
        var decimals = numberBase == 10 ? exponent - fraction + 9 : 9 - fraction;
        var value = numberBase == 2 ? digits * BigInteger.Pow(2, exponent) : digits;

        // Beyond these the digits cannot matter: the value is zero, over the cap, or less than a billionth.
        value = value.IsZero ? value
            : decimals > MaximumLength ? s_cap + 1
            : decimals < -2 * MaximumLength ? 1
            : decimals >= 0 ? value * BigInteger.Pow(10, decimals) : DivideUp(value, BigInteger.Pow(10, -decimals));
        nano = Capped(text[0] == '-' ? -value : value);
        return null;
    }

    private static bool SuffixOnly(ReadOnlySpan<char> suffix)
    {
        var at = 0;
        while (at < suffix.Length && "eEinumkKMGTP".Contains(suffix[at], StringComparison.Ordinal))
        {
            at++;
        }

        if (at < suffix.Length && suffix[at] is '-' or '+')
        {
            at++;
        }

        return suffix[at..].IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static bool Suffix(string suffix, out int numberBase, out int exponent, out Style style)
    {
        (numberBase, exponent, style) = (10, 0, Style.Decimal);
        var binary = Array.IndexOf(s_binary, suffix);
        if (binary > 0)
        {
            (numberBase, exponent, style) = (2, 10 * binary, Style.Binary);
            return true;
        }

        var index = Array.IndexOf(s_decimal, suffix);
        if (index >= 0)
        {
            exponent = 3 * (index - 3);
            return true;
        }

        style = Style.Exponent;
        return suffix.Length > 1 && suffix[0] is 'e' or 'E' && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
            && exponent is > -100_000 and < 100_000;
    }

    private static string Format(BigInteger nano, Style style)
    {
        if (nano.IsZero)
        {
            return "0";
        }

        var whole = BigInteger.DivRem(nano, s_billion, out var rest);
        if (style == Style.Binary && rest.IsZero && BigInteger.Abs(whole) >= 1024)
        {
            var power = 0;
            while (power < s_binary.Length - 1 && (whole & 1023).IsZero)
            {
                whole >>= 10;
                power++;
            }

            return whole.ToString(CultureInfo.InvariantCulture) + s_binary[power];
        }

        // Thousands as long as nothing is lost.
        var step = 0;
        while (step < s_decimal.Length - 1)
        {
            var next = BigInteger.DivRem(nano, 1000, out var lost);
            if (!lost.IsZero)
            {
                break;
            }

            nano = next;
            step++;
        }

        var exponent = 3 * (step - 3);
        var suffix = style == Style.Exponent ? (exponent == 0 ? "" : $"e{exponent}") : s_decimal[step];
        return nano.ToString(CultureInfo.InvariantCulture) + suffix;
    }
}
