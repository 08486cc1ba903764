using System.Globalization;
using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Resources.Kinds.Validation;

/// <summary>Collects the broken rules of one object; the checks below add what many kinds ask for.</summary>
internal sealed class FieldErrors : List<FieldError>
{
    public const string MustNotBeNegative = "must be greater than or equal to 0";
    public const string Immutable = "field is immutable";

    public void Required(string field, string detail = "") => Add(FieldError.Required(field, detail));

    public void Invalid(string field, string? value, string detail) => Add(FieldError.Invalid(field, value, detail));

    public void Invalid(string field, string? value, IEnumerable<string> details) => AddRange(details.Select(detail => FieldError.Invalid(field, value, detail)));

    public void Forbidden(string field, string detail) => Add(FieldError.Forbidden(field, detail));

    public void Duplicate(string field, string value) => Add(FieldError.Duplicate(field, value));

    /// <summary>Asks for one of <paramref name="supported"/>; an absent value is a missing one.</summary>
    public void RequireOneOf(string field, string? value, params string[] supported)
    {
        if (string.IsNullOrEmpty(value))
        {
            Required(field);
        }
        else
        {
            OneOf(field, value, supported);
        }
    }

    /// <summary>Asks for one of <paramref name="supported"/> where there is a value.</summary>
    public void OneOf(string field, string? value, params string[] supported)
    {
        if (!string.IsNullOrEmpty(value) && !supported.Contains(value, StringComparer.Ordinal))
        {
            Add(FieldError.NotSupported(field, value, supported));
        }
    }

    public void NotNegative(string field, long? value)
    {
        if (value < 0)
        {
            Invalid(field, Text(value.Value), MustNotBeNegative);
        }
    }

    /// <summary>A name that must be there and must pass <paramref name="check"/>.</summary>
    public void RequireName(string field, string? value, Func<string, IEnumerable<string>> check, string missing = "")
    {
        if (string.IsNullOrEmpty(value))
        {
            Required(field, missing);
        }
        else
        {
            Invalid(field, value, check(value));
        }
    }

    /// <summary>A port by number or by name.</summary>
    public void Port(string field, IntOrString port)
    {
        if (port.IsInt)
        {
            Invalid(field, Text(port.Number), Names.IsPortNumber(port.Number));
        }
        else
        {
            Invalid(field, port.Text, Names.IsPortName(port.Text!));
        }
    }

    /// <summary>Refuses a change of a string that is set once.</summary>
    public void Unchanged(string field, string? value, string? stored)
    {
        if ((value ?? "") != (stored ?? ""))
        {
            Invalid(field, value ?? "", Immutable);
        }
    }

    /// <summary>Refuses a change of a field that is set once.</summary>
    public void Unchanged<T>(string field, T? value, T? stored)
        where T : class
    {
        if (!JsonComparison.Same(value, stored))
        {
            Invalid(field, JsonComparison.Text(value), Immutable);
        }
    }

    public void Labels(string field, IReadOnlyDictionary<string, string>? labels)
    {
        foreach (var (key, value) in labels ?? new Dictionary<string, string>())
        {
            Invalid(field, key, Names.IsQualifiedName(key));
            Invalid(field, value, Names.IsLabelValue(value));
        }
    }

    /// <summary>Keys only, in lower case, and the total size.</summary>
    public void Annotations(string field, IReadOnlyDictionary<string, string>? annotations)
    {
        const int MaximumBytes = 256 * 1024; // apimachinery's TotalAnnotationSizeLimitB
        var total = 0L;
        foreach (var (key, value) in annotations ?? new Dictionary<string, string>())
        {
            Invalid(field, key, Names.IsQualifiedName(key.ToLowerInvariant()));
            total += key.Length + System.Text.Encoding.UTF8.GetByteCount(value);
        }

        if (total > MaximumBytes)
        {
            Add(FieldError.TooLong(field, MaximumBytes));
        }
    }

    /// <summary>A LabelSelector's requirements.</summary>
    public void Selector(string field, LabelSelector? selector)
    {
        if (selector is null)
        {
            return;
        }

        Labels($"{field}.matchLabels", selector.MatchLabels);
        foreach (var (at, expression) in (selector.MatchExpressions ?? []).Index())
        {
            var path = $"{field}.matchExpressions[{at}]";
            switch (expression.Operator)
            {
                case "In" or "NotIn":
                    if (expression.Values is not { Count: > 0 })
                    {
                        Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                    }

                    break;
                case "Exists" or "DoesNotExist":
                    if (expression.Values is { Count: > 0 })
                    {
                        Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    }

                    break;
                default:
                    Invalid($"{path}.operator", expression.Operator, "not a valid selector operator");
                    break;
            }

            Invalid($"{path}.key", expression.Key, Names.IsQualifiedName(expression.Key));
            foreach (var (index, value) in (expression.Values ?? []).Index())
            {
                Invalid($"{path}.values[{index}]", value, Names.IsLabelValue(value));
            }
        }
    }

    /// <summary>At most so many items.</summary>
    public void TooMany(string field, int? count, int most)
    {
        if (count > most)
        {
            Add(new FieldError(FieldErrorType.FieldValueTooMany, field, Text(count.Value), $"must have at most {most} items"));
        }
    }

    /// <summary>A list of texts, as upstream shows it.</summary>
    public static string Text(IEnumerable<string>? texts) => $"[{string.Join(',', (texts ?? []).Select(text => $"\"{JsonEncodedText.Encode(text)}\""))}]";

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Compares values by their JSON form: records compare the collections inside them by reference.</summary>
internal static class JsonComparison
{
    /// <summary>Whether two values encode to the same JSON, whatever the order of keys.</summary>
    public static bool Same<T>(T? left, T? right)
        where T : class =>
        ReferenceEquals(left, right) || System.Text.Json.Nodes.JsonNode.DeepEquals(Node(left), Node(right));

    /// <summary>The JSON text, as upstream shows a composite value; <c>null</c> for none.</summary>
    public static string Text<T>(T? value)
        where T : class => Node(value)?.ToJsonString() ?? "null";

    public static System.Text.Json.Nodes.JsonNode? Node<T>(T? value)
        where T : class =>
        value is null ? null : JsonSerializer.SerializeToNode(value, KubernetesJson.TypeInfo<T>());
}
