using System.Text;
using KubeAspire.ApiMachinery.Errors;

namespace KubeAspire.ApiMachinery.Fields;

/// <summary>A field selector: comparisons that must all hold. Which fields there are, the resource knows. Immutable.</summary>
/// <remarks>k8s.io/apimachinery pkg/fields: terms are parted by commas; a backslash escapes a comma, an equals sign or a backslash.</remarks>
public sealed class FieldSelector
{
    /// <summary>Selects everything.</summary>
    public static readonly FieldSelector Everything = new([]);

    /// <summary>Terms in one selector. 1000.</summary>
    private const int MaximumTerms = 1000;

    private FieldSelector(IReadOnlyList<FieldRequirement> requirements) => Requirements = requirements;

    /// <summary>What must hold.</summary>
    public IReadOnlyList<FieldRequirement> Requirements { get; }

    /// <summary>Whether the selector lets everything through.</summary>
    public bool IsEmpty => Requirements.Count == 0;

    /// <summary>Reads a <c>fieldSelector</c> parameter: <c>status.phase!=Failed,spec.nodeName=n1</c>. Empty text selects everything.</summary>
    public static ApiResult<FieldSelector> Parse(string text)
    {
        var requirements = new List<FieldRequirement>();
        foreach (var term in Terms(text))
        {
            if (term.Length == 0)
            {
                continue;
            }

            var (field, op, value) = Split(term);
            if (field is null)
            {
                return ApiErrors.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            }

            if (Unescape(value) is not { } unescaped)
            {
                return ApiErrors.BadRequest($"invalid field selector: invalid escape sequence in '{value}'");
            }

            requirements.Add(new FieldRequirement(field, op, unescaped));
            if (requirements.Count > MaximumTerms)
            {
                return ApiErrors.BadRequest($"invalid selector: more than {MaximumTerms} terms");
            }
        }

        return requirements.Count == 0 ? Everything : new FieldSelector(requirements);
    }

    /// <summary>A selector of fields that must all have these values.</summary>
    public static FieldSelector FromMap(IReadOnlyDictionary<string, string> fields) =>
        new([.. fields.Select(pair => new FieldRequirement(pair.Key, FieldOperator.Equals, pair.Value))]);

    /// <summary>Whether all comparisons hold.</summary>
    /// <param name="valueOf">The value of a field; null counts as empty.</param>
    public bool Matches(Func<string, string?> valueOf) =>
        Requirements.All(requirement => (valueOf(requirement.Field) ?? "") == requirement.Value == (requirement.Operator == FieldOperator.Equals));

    /// <summary>The value that a field must have, or null where none is asked for: lets a list go straight to the one object.</summary>
    public string? RequiredValue(string field) =>
        Requirements.FirstOrDefault(requirement => requirement.Field == field && requirement.Operator == FieldOperator.Equals)?.Value;

    /// <summary>The text that <see cref="Parse"/> reads back.</summary>
    public override string ToString() => string.Join(',', Requirements);

    private static List<string> Terms(string text)
    {
        var terms = new List<string>();
        var start = 0;
        var escaped = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (escaped)
            {
                escaped = false;
            }
            else if (text[i] == '\\')
            {
                escaped = true;
            }
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }

        terms.Add(text[start..]);
        return terms;
    }

    private static (string? Field, FieldOperator Op, string Value) Split(string term)
    {
        for (var i = 0; i < term.Length; i++)
        {
            var rest = term.AsSpan(i);
            if (rest.StartsWith("!="))
            {
                return (term[..i], FieldOperator.NotEquals, term[(i + 2)..]);
            }

            if (rest[0] == '=')
            {
                return (term[..i], FieldOperator.Equals, term[(i + (rest.StartsWith("==") ? 2 : 1))..]);
            }
        }

        return (null, default, "");
    }

    private static string? Unescape(string value)
    {
        if (!value.AsSpan().ContainsAny('\\', ',', '='))
        {
            return value;
        }

        var result = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            switch (value[i])
            {
                case '\\' when i + 1 < value.Length && value[i + 1] is ('\\' or ',' or '='):
                    result.Append(value[++i]);
                    break;
                case '\\' or ',' or '=':
                    return null;
                default:
                    result.Append(value[i]);
                    break;
            }
        }

        return result.ToString();
    }
}
