namespace KubeAspire.ApiMachinery.Errors;

/// <summary>A rule that a field of a submitted object breaks, in upstream's vocabulary.</summary>
/// <param name="Type">Upstream's error type; its name is the cause's reason.</param>
/// <param name="Field">Path such as <c>spec.template.spec.containers[0].ports[1].name</c>.</param>
/// <param name="Value">The offending value as JSON or plain text; null where upstream does not show one.</param>
/// <param name="Detail">Why it is refused.</param>
/// <remarks>k8s.io/apimachinery pkg/util/validation/field.</remarks>
public sealed record FieldError(FieldErrorType Type, string Field, string? Value, string Detail)
{
    /// <summary>Whether <see cref="Value"/> is text and stands in quotes; null to judge by its look, as suits values that never look like numbers.</summary>
    public bool? IsText { get; init; }

    public static FieldError Required(string field, string detail = "") => new(FieldErrorType.FieldValueRequired, field, null, detail);

    public static FieldError Invalid(string field, string? value, string detail) => new(FieldErrorType.FieldValueInvalid, field, value, detail);

    public static FieldError NotSupported(string field, string? value, IEnumerable<string> supported) =>
        new(FieldErrorType.FieldValueNotSupported, field, value, "supported values: " + string.Join(", ", supported.Select(s => $"\"{s}\"")));

    public static FieldError Forbidden(string field, string detail) => new(FieldErrorType.FieldValueForbidden, field, null, detail);

    public static FieldError Duplicate(string field, string? value) => new(FieldErrorType.FieldValueDuplicate, field, value, "");

    public static FieldError TooLong(string field, int maximum) => new(FieldErrorType.FieldValueTooLong, field, null, $"may not be more than {maximum} bytes");

    public static FieldError NotFound(string field, string? value) => new(FieldErrorType.FieldValueNotFound, field, value, "");

    /// <summary>The message as upstream words it, without the field: <c>Invalid value: "x": must be …</c>.</summary>
    public string Message
    {
        get
        {
            var head = Type switch
            {
                FieldErrorType.FieldValueRequired => "Required value",
                FieldErrorType.FieldValueInvalid => "Invalid value",
                FieldErrorType.FieldValueNotSupported => "Unsupported value",
                FieldErrorType.FieldValueForbidden => "Forbidden",
                FieldErrorType.FieldValueDuplicate => "Duplicate value",
                FieldErrorType.FieldValueTooLong => "Too long",
                FieldErrorType.FieldValueTooMany => "Too many",
                FieldErrorType.FieldValueNotFound => "Not found",
                FieldErrorType.FieldValueTypeInvalid => "Invalid value",
                _ => "Internal error",
            };
            var value = Value is null ? "" : $": {(IsText == false ? Value : Quote(Value, IsText == true))}";
            return Detail.Length == 0 ? head + value : $"{head}{value}: {Detail}";
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Field}: {Message}";

    // Numbers, booleans and composite values stand as they are; text is quoted.
    private static string Quote(string value, bool always) =>
        !always && value.Length > 0 && (value[0] is '{' or '[' || long.TryParse(value, out _) || value is "true" or "false" or "null") ? value : $"\"{value}\"";
}

/// <summary>Kinds of broken rules; the names are what stands in <c>causes[].reason</c>.</summary>
public enum FieldErrorType
{
    FieldValueRequired,
    FieldValueInvalid,
    FieldValueNotSupported,
    FieldValueForbidden,
    FieldValueDuplicate,
    FieldValueTooLong,
    FieldValueTooMany,
    FieldValueNotFound,
    FieldValueTypeInvalid,
    InternalError,
}
