using System.Collections.Frozen;
using KubeAspire.ApiMachinery.Errors;

namespace KubeAspire.ApiMachinery.Meta;

/// <summary>Turns a refusal into the <c>v1 Status</c> that clients read, and back.</summary>
public static class StatusFactory
{
    private static readonly FrozenDictionary<string, ApiErrorReason> s_reasons =
        Enum.GetValues<ApiErrorReason>().Where(reason => reason != ApiErrorReason.Unknown).ToFrozenDictionary(reason => reason.ToString(), StringComparer.Ordinal);

    /// <summary>The Status of a refusal.</summary>
    public static Status From(ApiError error) => new()
    {
        ApiVersion = "v1",
        Kind = "Status",
        StatusValue = "Failure",
        Message = error.Message,
        Reason = error.Reason == ApiErrorReason.Unknown ? null : error.Reason.ToString(),
        Details = DetailsOf(error),
        Code = error.Code,
    };

    /// <summary>The Status of a request that did what was asked and has no object to return.</summary>
    public static Status Success(StatusDetails? details = null) => new() { ApiVersion = "v1", Kind = "Status", StatusValue = "Success", Details = details };

    /// <summary>The refusal that a Status tells of.</summary>
    public static ApiError FromStatus(Status status)
    {
        var reason = status.Reason is { } text && s_reasons.TryGetValue(text, out var known) ? known : ApiErrorReason.Unknown;
        return new ApiError(reason, status.Message ?? "")
        {
            Code = status.Code ?? ApiError.DefaultCode(reason),
            Group = status.Details?.Group,
            Kind = status.Details?.Kind,
            Name = status.Details?.Name,
            Uid = status.Details?.Uid,
            RetryAfterSeconds = status.Details?.RetryAfterSeconds ?? 0,
            Causes = [.. (status.Details?.Causes ?? []).Select(cause => new ErrorCause(cause.Reason ?? "", cause.Message ?? "", cause.Field))],
        };
    }

    private static StatusDetails? DetailsOf(ApiError error)
    {
        var causes = error.Causes.Select(cause => new StatusCause { Reason = NullIfEmpty(cause.Reason), Message = NullIfEmpty(cause.Message), Field = NullIfEmpty(cause.Field) }).ToArray();
        var details = new StatusDetails
        {
            Group = NullIfEmpty(error.Group),
            Kind = NullIfEmpty(error.Kind),
            Name = NullIfEmpty(error.Name),
            Uid = NullIfEmpty(error.Uid),
            RetryAfterSeconds = error.RetryAfterSeconds == 0 ? null : error.RetryAfterSeconds,
            Causes = causes.Length == 0 ? null : causes,
        };
        return details == new StatusDetails() ? null : details;
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
