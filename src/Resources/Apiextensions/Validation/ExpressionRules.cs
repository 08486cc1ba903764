using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>Rules of <c>x-kubernetes-validations</c>, but for the expressions themselves: those are kept and not read.</summary>
internal static class ExpressionRules
{
    private static readonly string[] s_reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    public static void Validate(FieldErrors errors, JSONSchemaProps schema, string path)
    {
        foreach (var (index, rule) in (schema.XKubernetesValidations ?? []).Index())
        {
            var at = $"{path}.x-kubernetes-validations[{index}]";
            var (message, expression) = (rule.Message ?? "", rule.MessageExpression ?? "");
            if (string.IsNullOrWhiteSpace(rule.Rule))
            {
                errors.Required($"{at}.rule", "rule is not specified");
            }
            else if (message.Length > 0 && string.IsNullOrWhiteSpace(message))
            {
                errors.Invalid($"{at}.message", message, "message must be non-empty if specified");
            }
            else if (HasBreaks(message.Trim()))
            {
                errors.Invalid($"{at}.message", message, "message must not contain line breaks");
            }
            else if (HasBreaks(rule.Rule.Trim()) && message.Length == 0)
            {
                errors.Required($"{at}.message", "message must be specified if rule contains line breaks");
            }

            if (expression.Length > 0 && string.IsNullOrWhiteSpace(expression))
            {
                errors.Required($"{at}.messageExpression", "messageExpression must be non-empty if specified");
            }

            if (rule.Reason is { } reason && !s_reasons.Contains(reason))
            {
                errors.Add(FieldError.NotSupported($"{at}.reason", reason, s_reasons));
            }

            Field(errors, schema, rule.FieldPath ?? "", $"{at}.fieldPath");
        }
    }

    private static void Field(FieldErrors errors, JSONSchemaProps schema, string field, string path)
    {
        if (field.Length == 0)
        {
            return;
        }

        if (string.IsNullOrWhiteSpace(field))
        {
            errors.Invalid(path, field, "fieldPath must be non-empty if specified");
        }

        if (HasBreaks(field))
        {
            errors.Invalid(path, field, "fieldPath must not contain line breaks");
        }

        if (!JsonPath.TryParse(field, out var parsed, out _) || parsed.FieldNames is not { } names || SelectableFieldRules.Find(schema, names) is null)
        {
            errors.Invalid(path, field, "fieldPath must be a valid path");
        }
    }

    private static bool HasBreaks(string text) => text.AsSpan().IndexOfAny('\n', '\r') >= 0;
}
