namespace KubeAspire.ApiMachinery.Errors;

/// <summary>Why the API refused, in the words clients switch on: <c>status.reason</c>.</summary>
/// <remarks>Names and codes: Kubernetes API conventions, "Response status kind". See <see cref="ApiError.Code"/> for the HTTP status.</remarks>
public enum ApiErrorReason
{
    /// <summary>500 or whatever the code says: nothing more is known.</summary>
    Unknown,

    /// <summary>400: the request makes no sense, such as a body that does not parse or a selector that is none.</summary>
    BadRequest,

    /// <summary>401: no credentials, or bad ones.</summary>
    Unauthorized,

    /// <summary>403: known, but without the right.</summary>
    Forbidden,

    /// <summary>404: no object, or no resource, has this name.</summary>
    NotFound,

    /// <summary>405: the resource does not have this verb.</summary>
    MethodNotAllowed,

    /// <summary>406: none of the accepted media types can be served.</summary>
    NotAcceptable,

    /// <summary>409: an object of this name exists.</summary>
    AlreadyExists,

    /// <summary>409: the write was based on a state that is no longer current.</summary>
    Conflict,

    /// <summary>410: the revision asked for was compacted; list again.</summary>
    Expired,

    /// <summary>410: gone for good.</summary>
    Gone,

    /// <summary>413: the body is larger than the limit.</summary>
    RequestEntityTooLarge,

    /// <summary>415: the body's media type is not understood.</summary>
    UnsupportedMediaType,

    /// <summary>422: at least one field breaks a rule.</summary>
    Invalid,

    /// <summary>429: try again later.</summary>
    TooManyRequests,

    /// <summary>500: the fault is the server's.</summary>
    InternalError,

    /// <summary>503: not able to serve now.</summary>
    ServiceUnavailable,

    /// <summary>504: not done within the time allowed; it may still happen.</summary>
    Timeout,

    /// <summary>507: the store has no room; deletes still work.</summary>
    StorageFull,
}
