using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Admissionregistration.Checks;

/// <summary>What a policy is made of.</summary>
internal static class PolicyValidation
{
    private const int MaximumAnnotations = 20;
    private const int MaximumAnnotationExpression = 5 * 1024; // bytes

    private static readonly string[] s_reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

    public static FieldErrors Validate(string name, ValidatingAdmissionPolicySpec spec)
    {
        var errors = new FieldErrors();
        Common(errors, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints, spec.MatchConditions, spec.Variables);
        var (validations, annotations) = (spec.Validations ?? [], spec.AuditAnnotations ?? []);
        if (validations.Count == 0 && annotations.Count == 0)
        {
            errors.Required("spec.validations", "validations or auditAnnotations must contain at least one item");
            errors.Required("spec.auditAnnotations", "validations or auditAnnotations must contain at least one item");
        }

        foreach (var (at, validation) in validations.Index())
        {
            Check(errors, validation, $"spec.validations[{at}]");
        }

        Annotations(errors, name, annotations);
        return errors;
    }

    public static FieldErrors Validate(MutatingAdmissionPolicySpec spec)
    {
        var errors = new FieldErrors();
        Common(errors, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints, spec.MatchConditions, spec.Variables);
        errors.RequireOneOf("spec.reinvocationPolicy", spec.ReinvocationPolicy, "IfNeeded", "Never");
        if (spec.Mutations is not { Count: > 0 })
        {
            errors.Required("spec.mutations", "mutations must contain at least one item");
        }

        foreach (var (at, mutation) in (spec.Mutations ?? []).Index())
        {
            Mutation(errors, mutation, $"spec.mutations[{at}]");
        }

        return errors;
    }

    private static void Common(
        FieldErrors errors, string? failurePolicy, ParamKind? parameters, MatchResources? constraints, IReadOnlyList<MatchCondition>? conditions, IReadOnlyList<Variable>? variables)
    {
        errors.RequireOneOf("spec.failurePolicy", failurePolicy, "Fail", "Ignore");
        if (parameters is not null)
        {
            RuleValidation.Parameters(errors, "spec.paramKind", parameters);
        }

        if (constraints is null)
        {
            errors.Required("spec.matchConstraints");
        }
        else
        {
            RuleValidation.Match(errors, "spec.matchConstraints", constraints);
            // A rule says of which type the object is.
            if (constraints.ResourceRules is not { Count: > 0 })
            {
                errors.Required("spec.matchConstraints.resourceRules");
            }
        }

        RuleValidation.Conditions(errors, "spec.matchConditions", conditions);
        RuleValidation.Variables(errors, "spec.variables", variables);
    }

    private static void Check(FieldErrors errors, Validation validation, string path)
    {
        RuleValidation.Expression(errors, $"{path}.expression", validation.Expression, "expression is not specified");
        if (validation.MessageExpression is { Length: > 0 } expression && string.IsNullOrWhiteSpace(expression))
        {
            errors.Invalid($"{path}.messageExpression", expression, "must be non-empty if specified");
        }

        var message = validation.Message ?? "";
        if (message.Length > 0 && string.IsNullOrWhiteSpace(message))
        {
            errors.Invalid($"{path}.message", message, "message must be non-empty if specified");
        }
        else if (HasLines(message.Trim()))
        {
            errors.Invalid($"{path}.message", message, "message must not contain line breaks");
        }
        else if (message.Length == 0 && HasLines(validation.Expression.Trim()))
        {
            errors.Required($"{path}.message", "message must be specified if expression contains line breaks");
        }

        errors.OneOf($"{path}.reason", validation.Reason, s_reasons);
    }

    private static void Annotations(FieldErrors errors, string name, IReadOnlyList<AuditAnnotation> annotations)
    {
        if (annotations.Count > MaximumAnnotations)
        {
            errors.Invalid("spec.auditAnnotations", FieldErrors.Text(annotations.Select(annotation => annotation.Key)), "must not have more than 20 auditAnnotations");
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, annotation) in annotations.Index())
        {
            var path = $"spec.auditAnnotations[{at}]";
            errors.Invalid($"{path}.key", annotation.Key, Names.IsQualifiedName($"{name}/{annotation.Key}"));
            if (!keys.Add(annotation.Key))
            {
                errors.Duplicate($"{path}.key", annotation.Key);
            }

            RuleValidation.Expression(errors, $"{path}.valueExpression", annotation.ValueExpression, "valueExpression is not specified");
            if (annotation.ValueExpression.Length > MaximumAnnotationExpression)
            {
                errors.Add(FieldError.TooLong($"{path}.valueExpression", MaximumAnnotationExpression));
            }
        }
    }

    private static void Mutation(FieldErrors errors, Mutation mutation, string path)
    {
        var (apply, patch) = (mutation.ApplyConfiguration, mutation.JsonPatch);
        switch (mutation.PatchType)
        {
            case "":
                errors.Required($"{path}.patchType");
                break;
            case "ApplyConfiguration":
                One(errors, path, "applyConfiguration", apply is not null, apply?.Expression, "jsonPatch", patch is not null, mutation.PatchType);
                break;
            case "JSONPatch":
                One(errors, path, "jsonPatch", patch is not null, patch?.Expression, "applyConfiguration", apply is not null, mutation.PatchType);
                break;
            default:
                errors.OneOf($"{path}.patchType", mutation.PatchType, "ApplyConfiguration", "JSONPatch");
                break;
        }
    }

    private static void One(FieldErrors errors, string path, string wanted, bool hasWanted, string? expression, string other, bool hasOther, string type)
    {
        if (!hasWanted)
        {
            errors.Required($"{path}.{wanted}", $"must be specified when patchType is {type}");
        }
        else
        {
            RuleValidation.Expression(errors, $"{path}.{wanted}.expression", expression, "expression is not specified");
        }

        if (hasOther)
        {
            errors.Invalid($"{path}.{other}", "{}", $"must not be specified when patchType is {type}");
        }
    }

    private static bool HasLines(string text) => text.AsSpan().IndexOfAny('\r', '\n') >= 0;
}
