using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>A JSON number as Go decodes it: a whole number that fits 64 bits, otherwise a double.</summary>
internal readonly record struct JsonNumber(long? Whole, double Real) : IComparable<JsonNumber>
{
    public static JsonNumber Of(JsonNode value) => value.AsInt64() is { } whole
        ? new(whole, whole)
        : new(null, double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : double.NaN);

    /// <summary>Whether it has no fraction, however it is written.</summary>
    public bool IsInteger => Whole is not null || (double.IsFinite(Real) && Math.Abs(Real) <= MaximumExact && Math.Truncate(Real) == Real);

    // Beyond 2^53 a double's neighbours are further than 1 apart; Go's check ends there, too.
    private const double MaximumExact = 9007199254740991;

    public int CompareTo(JsonNumber other) => Whole is { } one && other.Whole is { } two ? one.CompareTo(two) : Real.CompareTo(other.Real);

    /// <inheritdoc/>
    public override string ToString() => Whole?.ToString(CultureInfo.InvariantCulture) ?? Text(Real);

    /// <summary>A double as Go's <c>%v</c> writes it: shortest, with an exponent below 1e-4 and from 1e21 on.</summary>
    public static string Text(double number)
    {
        var size = Math.Abs(number);
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf";
        }

        if (size != 0 && size is < 1e-4 or >= 1e21)
        {
            var text = number.ToString("E16", CultureInfo.InvariantCulture);
            var exponent = int.Parse(text[(text.IndexOf('E') + 1)..], CultureInfo.InvariantCulture);
            var digits = Digits(number.ToString("R", CultureInfo.InvariantCulture));
            return $"{(number < 0 ? "-" : "")}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        return decimal.TryParse(number.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)
            ? exact.ToString(CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture);
    }

    // The significant digits of a shortest text.
    private static string Digits(string text)
    {
        var mantissa = text.Split('E')[0].Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        return mantissa.Length == 0 ? "0" : mantissa;
    }
}
