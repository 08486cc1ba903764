using System.Globalization;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ApiMachinery.Labels;

/// <summary>One comparison of a selector.</summary>
/// <param name="Key">The label.</param>
/// <param name="Operator">How it is compared.</param>
/// <param name="Values">With what; empty for <see cref="SelectorOperator.Exists"/> and <see cref="SelectorOperator.DoesNotExist"/>.</param>
public sealed record Requirement(string Key, SelectorOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>Whether a set of labels meets the requirement.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        string? value = null;
        var has = labels is not null && labels.TryGetValue(Key, out value);
        return Operator switch
        {
            SelectorOperator.In => has && Values.Contains(value!),
            SelectorOperator.NotIn => !has || !Values.Contains(value!),
            SelectorOperator.Exists => has,
            SelectorOperator.DoesNotExist => !has,
            _ => has && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bound)
                && (Operator == SelectorOperator.GreaterThan ? number > bound : number < bound),
        };
    }

    /// <summary>What is wrong with the requirement, in upstream's words, or null.</summary>
    internal string? Problem()
    {
        if (Names.IsQualifiedName(Key) is { Count: > 0 } badKey)
        {
            return $"<nil>: Invalid value: \"{Key}\": {string.Join("; ", badKey)}";
        }

        switch (Operator)
        {
            case SelectorOperator.In or SelectorOperator.NotIn when Values.Count == 0:
                return "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
            case SelectorOperator.GreaterThan or SelectorOperator.LessThan when Values.Count != 1:
                return "values: Invalid value: []: for 'Gt', 'Lt' operators, exactly one value is required";
            case SelectorOperator.GreaterThan or SelectorOperator.LessThan when !long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _):
                return $"values[0]: Invalid value: \"{Values[0]}\": for 'Gt', 'Lt' operators, the value must be an integer";
            case SelectorOperator.Exists or SelectorOperator.DoesNotExist when Values.Count > 0:
                return $"values: Invalid value: [{string.Join(' ', Values)}]: values set must be empty for exists and does not exist";
        }

        for (var i = 0; i < Values.Count; i++)
        {
            if (Names.IsLabelValue(Values[i]) is { Count: > 0 } badValue)
            {
                return $"values[{i}][{Key}]: Invalid value: \"{Values[i]}\": {string.Join("; ", badValue)}";
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => Operator switch
    {
        SelectorOperator.Exists => Key,
        SelectorOperator.DoesNotExist => "!" + Key,
        SelectorOperator.GreaterThan => $"{Key}>{Values[0]}",
        SelectorOperator.LessThan => $"{Key}<{Values[0]}",
        SelectorOperator.In when Values.Count == 1 => $"{Key}={Values[0]}",
        SelectorOperator.NotIn when Values.Count == 1 => $"{Key}!={Values[0]}",
        _ => $"{Key} {(Operator == SelectorOperator.In ? "in" : "notin")} ({string.Join(',', Values.Order(StringComparer.Ordinal))})",
    };
}
