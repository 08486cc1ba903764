using System.Globalization;
using KubeAspire.ApiMachinery.Quantities;

namespace KubeAspire.Resources.Kinds.Validation;

/// <summary>Quantities as numbers that can be compared. Good to 28 digits, which is more than int64 has.</summary>
internal static class Amounts
{
    private static readonly Dictionary<string, decimal> s_suffixes = new(StringComparer.Ordinal)
    {
        ["n"] = 1e-9m, ["u"] = 1e-6m, ["m"] = 1e-3m, [""] = 1m, ["k"] = 1e3m, ["M"] = 1e6m, ["G"] = 1e9m, ["T"] = 1e12m, ["P"] = 1e15m, ["E"] = 1e18m,
        ["Ki"] = 1024m, ["Mi"] = 1048576m, ["Gi"] = 1073741824m, ["Ti"] = 1099511627776m, ["Pi"] = 1125899906842624m, ["Ei"] = 1152921504606846976m,
    };

    /// <summary>The value; null where the text is no quantity or beyond what decimal holds.</summary>
    public static decimal? Of(Quantity quantity)
    {
        var text = quantity.ToString();
        var end = text.Length;
        while (end > 0 && char.IsAsciiLetter(text[end - 1]))
        {
            end--;
        }

        // 1e3 and 1E3 carry an exponent, not a suffix; a bare 1E is exa.
        if (!decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            || !s_suffixes.TryGetValue(text[end..], out var factor))
        {
            return null;
        }

        try
        {
            return number * factor;
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
