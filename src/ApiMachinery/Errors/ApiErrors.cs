using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ApiMachinery.Errors;

/// <summary>The refusals that every part of the API shares, in upstream's words.</summary>
/// <remarks>k8s.io/apimachinery pkg/api/errors and k8s.io/apiserver pkg/endpoints/handlers.</remarks>
public static class ApiErrors
{
    /// <summary>What Conflict says when a submitted resourceVersion is not current.</summary>
    public const string ObjectModified = "the object has been modified; please apply your changes to the latest version and try again";

    /// <summary>404: <c>pods "x" not found</c>.</summary>
    public static ApiError NotFound(ResourceType type, string name) => NotFound(type.Group, type.Plural, name);

    /// <summary>404: <c>deployments.apps "x" not found</c>.</summary>
    public static ApiError NotFound(string group, string plural, string name) =>
        new(ApiErrorReason.NotFound, $"{Qualified(plural, group)} \"{name}\" not found") { Group = group, Kind = plural, Name = name };

    /// <summary>404: no resource is served at the path.</summary>
    public static ApiError PathNotFound() => new(ApiErrorReason.NotFound, "the server could not find the requested resource");

    /// <summary>409: <c>pods "x" already exists</c>.</summary>
    public static ApiError AlreadyExists(ResourceType type, string name) =>
        new(ApiErrorReason.AlreadyExists, $"{type.GroupResource} \"{name}\" already exists") { Group = type.Group, Kind = type.Plural, Name = name };

    /// <summary>409: every name that generateName made was taken.</summary>
    public static ApiError GenerateNameConflict(ResourceType type, string name) =>
        new(ApiErrorReason.AlreadyExists, $"{type.GroupResource} \"{name}\" already exists, the server was not able to generate a unique name for the object")
        {
            Group = type.Group, Kind = type.Plural, Name = name, RetryAfterSeconds = 1,
        };

    /// <summary>409: <c>Operation cannot be fulfilled on pods "x": …</c>; by default because the object has been modified.</summary>
    public static ApiError Conflict(ResourceType type, string name, string detail = ObjectModified) =>
        new(ApiErrorReason.Conflict, $"Operation cannot be fulfilled on {type.GroupResource} \"{name}\": {detail}") { Group = type.Group, Kind = type.Plural, Name = name };

    /// <summary>422: <c>Pod "x" is invalid: spec.containers: Required value</c>, every broken rule a cause.</summary>
    public static ApiError Invalid(ResourceType type, string name, IReadOnlyList<FieldError> errors) => Invalid(type.Group, type.Kind, name, errors);

    /// <summary>422: <c>Deployment.apps "x" is invalid: [spec.a: Required value, spec.b: Forbidden]</c>.</summary>
    public static ApiError Invalid(string group, string kind, string name, IReadOnlyList<FieldError> errors)
    {
        // Upstream says a repeated error once in the message, and each time in the causes.
        var texts = errors.Select(error => error.ToString()).Distinct(StringComparer.Ordinal).ToArray();
        var list = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return new(ApiErrorReason.Invalid, $"{Qualified(kind, group)} \"{name}\" is invalid: {list}")
        {
            Group = group, Kind = kind, Name = name,
            Causes = [.. errors.Select(error => new ErrorCause(error.Type.ToString(), error.Message, error.Field))],
        };
    }

    /// <summary>403: <c>pods "x" is forbidden: detail</c>, without the name where there is none yet.</summary>
    public static ApiError Forbidden(ResourceType type, string? name, string detail) => Forbidden(type.Group, type.Plural, name, detail);

    /// <summary>403: <c>pods "x" is forbidden: detail</c>; <c>forbidden: detail</c> where <paramref name="plural"/> is empty.</summary>
    public static ApiError Forbidden(string group, string plural, string? name, string detail)
    {
        var message = plural.Length == 0 ? $"forbidden: {detail}"
            : string.IsNullOrEmpty(name) ? $"{Qualified(plural, group)} is forbidden: {detail}"
            : $"{Qualified(plural, group)} \"{name}\" is forbidden: {detail}";
        return new(ApiErrorReason.Forbidden, message) { Group = group, Kind = plural, Name = name };
    }

    /// <summary>403: <c>pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "default"</c>.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="verb">Upstream's request verb, such as <c>list</c>.</param>
    /// <param name="group">API group; empty for the core group.</param>
    /// <param name="plural">The resource.</param>
    /// <param name="subresource">The subresource, or null.</param>
    /// <param name="ns">The namespace; null or empty at the cluster scope.</param>
    /// <param name="name">The object, or null.</param>
    /// <param name="reason">What the authorizer adds, or null.</param>
    public static ApiError ForbiddenTo(string user, string verb, string group, string plural, string? subresource, string? ns, string? name, string? reason = null)
    {
        var resource = string.IsNullOrEmpty(subresource) ? plural : $"{plural}/{subresource}";
        var scope = string.IsNullOrEmpty(ns) ? "at the cluster scope" : $"in the namespace \"{ns}\"";
        var detail = $"User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {scope}";
        return Forbidden(group, plural, name, string.IsNullOrEmpty(reason) ? detail : $"{detail}: {reason}");
    }

    /// <summary>403: <c>forbidden: User "u" cannot get path "/metrics"</c>.</summary>
    public static ApiError ForbiddenPath(string user, string verb, string path, string? reason = null)
    {
        var detail = $"User \"{user}\" cannot {verb} path \"{path}\"";
        return Forbidden("", "", null, string.IsNullOrEmpty(reason) ? detail : $"{detail}: {reason}");
    }

    /// <summary>400 with the reason as it is.</summary>
    public static ApiError BadRequest(string message) => new(ApiErrorReason.BadRequest, message);

    /// <summary>400: a body under fieldValidation=Strict with unknown or duplicate fields.</summary>
    public static ApiError StrictDecoding(string kind, string version, IEnumerable<string> problems) =>
        BadRequest($"{kind} in version \"{version}\" cannot be handled as a {kind}: {StrictMessage(problems)}");

    /// <summary><c>strict decoding error: unknown field "spec.a", duplicate field "spec.b"</c>.</summary>
    public static string StrictMessage(IEnumerable<string> problems) =>
        "strict decoding error: " + string.Join(", ", problems.Distinct(StringComparer.Ordinal).Take(MaximumStrictProblems));

    /// <summary>Strict problems told at most. 100, as upstream's decoder.</summary>
    public const int MaximumStrictProblems = 100;

    /// <summary>401.</summary>
    public static ApiError Unauthorized() => new(ApiErrorReason.Unauthorized, "Unauthorized");

    /// <summary>410: a revision that was compacted.</summary>
    public static ApiError Expired(string message) => new(ApiErrorReason.Expired, message);

    /// <summary>410: a watch asked to start before the oldest revision kept.</summary>
    public static ApiError TooOldResourceVersion(long asked, long oldest) => Expired($"too old resource version: {asked} ({oldest})");

    /// <summary>410: a continue token whose revision was compacted.</summary>
    public static ApiError ContinueExpired() => Expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.");

    /// <summary>413: <c>Request entity too large: limit is 3145728</c>.</summary>
    public static ApiError TooLarge(string message) => new(ApiErrorReason.RequestEntityTooLarge, $"Request entity too large: {message}");

    /// <summary>413: a body over <paramref name="limit"/> bytes.</summary>
    public static ApiError TooLarge(long limit) => TooLarge($"limit is {limit}");

    /// <summary>504: <c>Timeout: message</c>.</summary>
    public static ApiError Timeout(string message, int retryAfterSeconds = 0) => new(ApiErrorReason.Timeout, $"Timeout: {message}") { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>504: the store has not reached the revision asked for; try again in a second.</summary>
    public static ApiError TooLargeResourceVersion(long asked, long current) => Timeout($"Too large resource version: {asked}, current: {current}", retryAfterSeconds: 1) with
    {
        Causes = [new ErrorCause("ResourceVersionTooLarge", "Too large resource version")],
    };

    /// <summary>405: <c>create is not supported on resources of kind "pods"</c>.</summary>
    public static ApiError MethodNotAllowed(ResourceType type, string action) =>
        new(ApiErrorReason.MethodNotAllowed, $"{action} is not supported on resources of kind \"{type.GroupResource}\"") { Group = type.Group, Kind = type.Plural };

    /// <summary>405 where no resource is known.</summary>
    public static ApiError MethodNotAllowed() => new(ApiErrorReason.MethodNotAllowed, "the server does not allow this method on the requested resource");

    /// <summary>406.</summary>
    public static ApiError NotAcceptable(params IEnumerable<string> accepted) =>
        new(ApiErrorReason.NotAcceptable, "only the following media types are accepted: " + string.Join(", ", accepted));

    /// <summary>415.</summary>
    public static ApiError UnsupportedMediaType(params IEnumerable<string> accepted) =>
        new(ApiErrorReason.UnsupportedMediaType, "the body of the request was in an unknown format - accepted media types include: " + string.Join(", ", accepted));

    /// <summary>422 for a patch that cannot be applied: upstream's words, and after them <paramref name="detail"/>, which upstream keeps to itself.</summary>
    /// <remarks>Not as a cause: kubectl prints the causes of a 422 in the message's stead.</remarks>
    public static ApiError UnprocessablePatch(string detail) =>
        new(ApiErrorReason.Invalid, $"the server rejected our request due to an error in our request: {detail}");

    /// <summary>429.</summary>
    public static ApiError TooManyRequests(string message, int retryAfterSeconds) => new(ApiErrorReason.TooManyRequests, message) { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>503.</summary>
    public static ApiError ServiceUnavailable(string message) => new(ApiErrorReason.ServiceUnavailable, message);

    /// <summary>500: <c>Internal error occurred: message</c>.</summary>
    public static ApiError InternalError(string message) =>
        new(ApiErrorReason.InternalError, $"Internal error occurred: {message}") { Causes = [new ErrorCause("", message)] };

    private static string Qualified(string name, string group) => group.Length == 0 ? name : $"{name}.{group}";
}
