using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>Judges a value by <see cref="ValueRules"/>, in the order and the words of kube-openapi's validator.</summary>
internal static class ValueValidation
{
    /// <param name="value">The value.</param>
    /// <param name="stored">The value it replaces, where <paramref name="correlated"/>.</param>
    /// <param name="correlated">Whether there is a stored value that this one continues.</param>
    /// <param name="rules">What is asked.</param>
    /// <param name="verdict">Where to tell, and where the value stands.</param>
    public static void Validate(JsonNode? value, JsonNode? stored, bool correlated, ValueRules rules, Verdict verdict)
    {
        var before = verdict.Errors.Count;
        if (rules.Types.Count > 0)
        {
            CheckType(value, rules, verdict);
            verdict.Matches++;
        }

        if (value is not null)
        {
            Alternatives(value, stored, correlated, rules, verdict);
            switch (value.GetValueKind())
            {
                case JsonValueKind.String:
                    Text(value, rules, verdict);
                    break;
                case JsonValueKind.Number:
                    Number(value, rules, verdict);
                    break;
                case JsonValueKind.Array:
                    Items((JsonArray)value, stored, correlated, rules, verdict);
                    break;
            }
        }

        Allowed(value, rules, verdict);
        if (value is JsonObject parent)
        {
            Properties(parent, stored, correlated, rules, verdict);
        }

        // Ratcheting: what was stored as it is may stay as it is.
        if (correlated && verdict.Errors.Count > before && JsonNode.DeepEquals(value, stored))
        {
            verdict.Errors.RemoveRange(before, verdict.Errors.Count - before);
        }
    }

    private static void CheckType(JsonNode? value, ValueRules rules, Verdict verdict)
    {
        var type = TypeOf(value);
        var fits = value is null ? rules.Nullable
            : rules.Types.Contains(type) || (type == "integer" && rules.Types.Contains("number")) || (type == "number" && rules.Types.Contains("integer") && JsonNumber.Of(value).IsInteger);
        if (!fits)
        {
            TypeInvalid(verdict, string.Join(',', rules.Types), type);
        }
    }

    private static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.AsInt64() is null ? "number" : "integer",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => "null",
    };

    private static void Alternatives(JsonNode value, JsonNode? stored, bool correlated, ValueRules rules, Verdict verdict)
    {
        if (rules.AnyOf.Count > 0)
        {
            Verdict? best = null, success = null;
            foreach (var rule in rules.AnyOf)
            {
                var one = Judge(value, stored, correlated, rule, verdict);
                if (one.IsValid)
                {
                    success = one;
                    break;
                }

                best = best is null || one.Matches > best.Matches ? one : best;
            }

            if (success is null)
            {
                Composite(verdict, $"\"{verdict.Path}\" must validate at least one schema (anyOf)");
            }

            verdict.Merge(success ?? best!);
        }

        if (rules.OneOf.Count > 0)
        {
            OneOf(value, stored, correlated, rules, verdict);
        }

        var validated = 0;
        foreach (var rule in rules.AllOf)
        {
            var one = Judge(value, stored, correlated, rule, verdict);
            validated += one.IsValid ? 1 : 0;
            verdict.Merge(one);
        }

        if (validated != rules.AllOf.Count)
        {
            Composite(verdict, $"\"{verdict.Path}\" must validate all the schemas (allOf){(validated == 0 ? ". None validated" : "")}");
        }

        if (rules.Not is { } not && Judge(value, stored, correlated: false, not, verdict).IsValid)
        {
            Composite(verdict, $"\"{verdict.Path}\" must not validate the schema (not)");
        }

        verdict.Matches += 2;
    }

    // The value by one of several rules, apart from what is already told.
    private static Verdict Judge(JsonNode value, JsonNode? stored, bool correlated, ValueRules rules, Verdict within)
    {
        var verdict = within.Another();
        Validate(value, stored, correlated, rules, verdict);
        return verdict;
    }

    private static void OneOf(JsonNode value, JsonNode? stored, bool correlated, ValueRules rules, Verdict verdict)
    {
        var valid = 0;
        Verdict? best = null, success = null;
        foreach (var rule in rules.OneOf)
        {
            var one = Judge(value, stored, correlated, rule, verdict);
            if (one.IsValid)
            {
                valid++;
                best = null;
                success ??= one;
            }
            else if (valid == 0 && (best is null || one.Matches > best.Matches))
            {
                best = one;
            }
        }

        if (valid == 1)
        {
            verdict.Merge(success!);
            return;
        }

        Composite(verdict, $"\"{verdict.Path}\" must validate one and only one schema (oneOf). {(valid == 0 ? "Found none valid" : $"Found {valid} valid alternatives")}");
        if (best is not null)
        {
            verdict.Merge(best);
        }
    }

    private static void Text(JsonNode value, ValueRules rules, Verdict verdict)
    {
        var text = value.GetValue<string>();
        var before = verdict.Errors.Count;
        if (rules.MaxLength is not null || rules.MinLength is not null)
        {
            var length = text.EnumerateRunes().Count();
            if (length > rules.MaxLength)
            {
                verdict.Errors.Add(new(FieldErrorType.FieldValueTooLong, verdict.Field, null, $"may not be more than {rules.MaxLength} byte{(rules.MaxLength == 1 ? "" : "s")}"));
            }
            else if (length < rules.MinLength)
            {
                Invalid(verdict, text, true, $"should be at least {rules.MinLength} chars long");
            }
        }

        // A text of a wrong length is not matched as well, as upstream.
        if (rules.Pattern is { } pattern && verdict.Errors.Count == before && !pattern.IsMatch(text))
        {
            Invalid(verdict, text, true, $"should match '{rules.PatternText}'");
        }

        if (rules.Format is { } format)
        {
            if (!format(text))
            {
                TypeInvalid(verdict, rules.FormatName, text);
            }

            verdict.Matches++;
        }

        verdict.Matches++;
    }

    private static void Number(JsonNode value, ValueRules rules, Verdict verdict)
    {
        var number = JsonNumber.Of(value);
        if (rules.IsInt32 && number.IsInteger && number.Real is < int.MinValue or > int.MaxValue)
        {
            Composite(verdict, "Checked value must be of type integer with format int32");
        }

        if (rules.MultipleOf is { } factor && factor > 0 && !IsMultiple(number, factor))
        {
            Invalid(verdict, number.ToString(), false, $"should be a multiple of {JsonNumber.Text(factor)}");
        }

        if (rules.Minimum is { } minimum && (rules.ExclusiveMinimum ? number.Real <= minimum : number.Real < minimum))
        {
            Invalid(verdict, number.ToString(), false, $"should be greater than {(rules.ExclusiveMinimum ? "" : "or equal to ")}{JsonNumber.Text(minimum)}");
        }

        if (rules.Maximum is { } maximum && (rules.ExclusiveMaximum ? number.Real >= maximum : number.Real > maximum))
        {
            Invalid(verdict, number.ToString(), false, $"should be less than {(rules.ExclusiveMaximum ? "" : "or equal to ")}{JsonNumber.Text(maximum)}");
        }

        verdict.Matches += 2;
    }

    private static bool IsMultiple(JsonNumber number, double factor)
    {
        if (number.Whole is { } whole && Math.Truncate(factor) == factor && factor < long.MaxValue)
        {
            return whole % (long)factor == 0;
        }

        // 0.3 is a multiple of 0.1 though no double says so.
        var quotient = factor < 1 ? 1 / factor * number.Real : number.Real / factor;
        return Math.Truncate(quotient) == quotient;
    }

    private static void Items(JsonArray list, JsonNode? stored, bool correlated, ValueRules rules, Verdict verdict)
    {
        if (rules.Items is { } items)
        {
            var before = correlated && rules.MapKeys.Count > 0 && stored is JsonArray old ? Keyed(old, rules) : null;
            for (var i = 0; i < list.Count; i++)
            {
                JsonNode? match = null;
                var matched = before is not null && rules.KeyOf(list[i])?.ToJsonString() is { } key && before.TryGetValue(key, out match);
                verdict.Enter(i);
                Validate(list[i], match, matched, items, verdict);
                verdict.Leave();
            }
        }

        if (list.Count < rules.MinItems)
        {
            Invalid(verdict, Text(list.Count), false, $"should have at least {rules.MinItems} items");
        }

        if (list.Count > rules.MaxItems)
        {
            TooMany(verdict, list.Count, rules.MaxItems.Value);
        }

        if (rules.UniqueItems && ListTypes.FirstDuplicate(list) is not null)
        {
            Invalid(verdict, null, false, "shouldn't contain duplicates");
        }

        verdict.Matches += 2;
    }

    private static Dictionary<string, JsonNode?> Keyed(JsonArray list, ValueRules rules)
    {
        var items = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in list)
        {
            if (rules.KeyOf(item)?.ToJsonString() is { } key)
            {
                items.TryAdd(key, item);
            }
        }

        return items;
    }

    private static void Allowed(JsonNode? value, ValueRules rules, Verdict verdict)
    {
        if (rules.Enum.Count > 0 && !rules.Enum.Any(allowed => JsonNode.DeepEquals(allowed, value)))
        {
            var supported = rules.Enum.Select(allowed => allowed.AsString() ?? (allowed is null ? "null" : Json(allowed)));
            verdict.Errors.Add(FieldError.NotSupported(verdict.Field, Shown(value), supported) with { IsText = value.AsString() is not null });
        }

        verdict.Matches++;
    }

    private static void Properties(JsonObject parent, JsonNode? stored, bool correlated, ValueRules rules, Verdict verdict)
    {
        verdict.Matches++;
        if (parent.Count < rules.MinProperties)
        {
            Invalid(verdict, Text(parent.Count), false, $"should have at least {rules.MinProperties} properties");
            return;
        }

        if (parent.Count > rules.MaxProperties)
        {
            TooMany(verdict, parent.Count, rules.MaxProperties.Value);
            return;
        }

        foreach (var name in rules.Required)
        {
            if (!parent.ContainsKey(name))
            {
                verdict.Errors.Add(FieldError.Required(Below(verdict.Path, name)));
            }
        }

        var before = correlated ? stored as JsonObject : null;
        foreach (var (name, child) in parent)
        {
            if (rules.Properties.TryGetValue(name, out var property) || (property = rules.Values) is not null)
            {
                JsonNode? match = null;
                var matched = before?.TryGetPropertyValue(name, out match) == true;
                verdict.Enter(name);
                Validate(child, match, matched, property, verdict);
                verdict.Leave();
            }
            else if (rules.IsClosed)
            {
                verdict.Errors.Add(new(FieldErrorType.FieldValueInvalid, verdict.Field, name, $"{Below(verdict.Path, name)} in body is a forbidden property") { IsText = true });
            }
        }
    }

    internal static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>A value as an error shows it.</summary>
    internal static string Shown(JsonNode? value) => value switch
    {
        null => "null",
        JsonValue when value.GetValueKind() == JsonValueKind.Number => JsonNumber.Of(value).ToString(),
        _ => value.AsString() ?? Json(value),
    };

    internal static string Json(JsonNode value) => System.Text.Encoding.UTF8.GetString(CanonicalJson.EncodeValue(value));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Invalid(Verdict verdict, string? value, bool isText, string what) =>
        verdict.Errors.Add(new(FieldErrorType.FieldValueInvalid, verdict.Field, value, $"{verdict.Path} in body {what}") { IsText = isText });

    private static void TypeInvalid(Verdict verdict, string wanted, string found) =>
        verdict.Errors.Add(new(FieldErrorType.FieldValueTypeInvalid, verdict.Field, found, $"{verdict.Path} in body must be of type {wanted}: \"{found}\"") { IsText = true });

    private static void TooMany(Verdict verdict, int count, long most) =>
        verdict.Errors.Add(new(FieldErrorType.FieldValueTooMany, verdict.Field, Text(count), $"must have at most {most} item{(most == 1 ? "" : "s")}") { IsText = false });

    // Upstream knows no place for these: they speak of a value that is looked at in several ways.
    private static void Composite(Verdict verdict, string message) => verdict.Errors.Add(new(FieldErrorType.FieldValueInvalid, "<nil>", "", message) { IsText = true });
}
