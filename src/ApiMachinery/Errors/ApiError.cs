namespace KubeAspire.ApiMachinery.Errors;

/// <summary>An expected refusal. Returned, not thrown: a lost write race is Tuesday, not an exception.</summary>
/// <param name="Reason">Upstream's reason.</param>
/// <param name="Message">What was attempted on what, and why it was refused: the text kubectl shows.</param>
public sealed record ApiError(ApiErrorReason Reason, string Message)
{
    /// <summary>The HTTP status of the answer; by default the one that belongs to <see cref="Reason"/>.</summary>
    public int Code { get; init; } = DefaultCode(Reason);

    /// <summary><c>details.group</c>.</summary>
    public string? Group { get; init; }

    /// <summary><c>details.kind</c>: the kind, or for some reasons upstream's plural resource name.</summary>
    public string? Kind { get; init; }

    /// <summary><c>details.name</c>.</summary>
    public string? Name { get; init; }

    /// <summary><c>details.uid</c>.</summary>
    public string? Uid { get; init; }

    /// <summary><c>details.causes</c>: every broken rule, not the first.</summary>
    public IReadOnlyList<ErrorCause> Causes { get; init; } = [];

    /// <summary><c>details.retryAfterSeconds</c> and the Retry-After header; 0 for none.</summary>
    public int RetryAfterSeconds { get; init; }

    /// <summary><c>metadata.continue</c> of the Status: where a list whose revision is compacted may go on; null for none.</summary>
    public string? Continue { get; init; }

    /// <summary>The HTTP status that belongs to a reason.</summary>
    public static int DefaultCode(ApiErrorReason reason) => reason switch
    {
        ApiErrorReason.BadRequest => 400,
        ApiErrorReason.Unauthorized => 401,
        ApiErrorReason.Forbidden => 403,
        ApiErrorReason.NotFound => 404,
        ApiErrorReason.MethodNotAllowed => 405,
        ApiErrorReason.NotAcceptable => 406,
        ApiErrorReason.AlreadyExists or ApiErrorReason.Conflict => 409,
        ApiErrorReason.Expired or ApiErrorReason.Gone => 410,
        ApiErrorReason.RequestEntityTooLarge => 413,
        ApiErrorReason.UnsupportedMediaType => 415,
        ApiErrorReason.Invalid => 422,
        ApiErrorReason.TooManyRequests => 429,
        ApiErrorReason.ServiceUnavailable => 503,
        ApiErrorReason.Timeout => 504,
        ApiErrorReason.StorageFull => 507,
        _ => 500,
    };
}

/// <summary>One broken rule: <c>status.details.causes[]</c>.</summary>
/// <param name="Reason">Upstream's cause, such as <c>FieldValueInvalid</c> or <c>FieldManagerConflict</c>.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Field">Path of the field, such as <c>spec.containers[0].image</c>; null where it is about no field.</param>
public sealed record ErrorCause(string Reason, string Message, string? Field = null);
