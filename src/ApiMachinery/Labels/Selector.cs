using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ApiMachinery.Labels;

/// <summary>A label selector: requirements that must all hold. Immutable.</summary>
public sealed class Selector
{
    /// <summary>Selects everything.</summary>
    public static readonly Selector Everything = new([], false);

    /// <summary>Selects nothing.</summary>
    public static readonly Selector Nothing = new([], true);

    private readonly bool _nothing;

    private Selector(IReadOnlyList<Requirement> requirements, bool nothing) => (Requirements, _nothing) = (requirements, nothing);

    /// <summary>What must hold.</summary>
    public IReadOnlyList<Requirement> Requirements { get; }

    /// <summary>Whether the selector lets everything through.</summary>
    public bool IsEmpty => Requirements.Count == 0 && !_nothing;

    /// <summary>Reads a <c>labelSelector</c> parameter: <c>app=web,tier in (a,b),!legacy,size&gt;3</c>. Empty text selects everything.</summary>
    public static ApiResult<Selector> Parse(string text)
    {
        try
        {
            var requirements = new SelectorParser(text).Parse();
            return requirements.Count == 0 ? Everything : new Selector([.. requirements.OrderBy(requirement => requirement.Key, StringComparer.Ordinal)], false);
        }
        catch (FormatException e)
        {
            return ApiErrors.BadRequest(e.Message);
        }
    }

    /// <summary>The selector of an object's field. Null selects nothing, an empty selector everything.</summary>
    public static ApiResult<Selector> From(LabelSelector? selector)
    {
        if (selector is null)
        {
            return Nothing;
        }

        var requirements = new List<Requirement>();
        foreach (var (key, value) in selector.MatchLabels ?? new Dictionary<string, string>())
        {
            requirements.Add(new Requirement(key, SelectorOperator.In, [value]));
        }

        foreach (var expression in selector.MatchExpressions ?? [])
        {
            SelectorOperator? found = expression.Operator switch
            {
                "In" => SelectorOperator.In,
                "NotIn" => SelectorOperator.NotIn,
                "Exists" => SelectorOperator.Exists,
                "DoesNotExist" => SelectorOperator.DoesNotExist,
                _ => null,
            };
            if (found is not { } op)
            {
                return ApiErrors.BadRequest($"\"{expression.Operator}\" is not a valid label selector operator");
            }

            requirements.Add(new Requirement(expression.Key, op, expression.Values ?? []));
        }

        return requirements.Select(requirement => requirement.Problem()).FirstOrDefault(problem => problem is not null) is { } problem
            ? ApiErrors.BadRequest(problem)
            : new Selector([.. requirements.OrderBy(requirement => requirement.Key, StringComparer.Ordinal)], false);
    }

    /// <summary>A selector of labels that must all have these values; null or empty selects everything.</summary>
    public static Selector FromMap(IReadOnlyDictionary<string, string>? labels) =>
        labels is null or { Count: 0 } ? Everything
        : new Selector([.. labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new Requirement(pair.Key, SelectorOperator.In, [pair.Value]))], false);

    /// <summary>A selector of requirements that must all hold.</summary>
    public static Selector FromRequirements(IEnumerable<Requirement> requirements) => new([.. requirements], false);

    /// <summary>Whether an object with these labels is selected. Null is no labels.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        if (_nothing)
        {
            return false;
        }

        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The text that <see cref="Parse"/> reads back.</summary>
    public override string ToString() => string.Join(',', Requirements);
}
