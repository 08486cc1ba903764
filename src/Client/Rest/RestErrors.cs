using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;

namespace KubeAspire.Client.Rest;

/// <summary>Turns the Status of an answer into an <see cref="ApiError"/>.</summary>
internal static class RestErrors
{
    /// <summary>Longest piece of a body that is no Status and is shown in the message. 1024 characters.</summary>
    private const int ShownMax = 1024;

    public static ApiError From(int code, ReadOnlySpan<byte> body, TimeSpan? retryAfter)
    {
        ApiError error;
        try
        {
            error = From(KubernetesJson.Read<Status>(body), code);
        }
        catch (JsonException)
        {
            // A proxy's page, or nothing.
            var text = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, ShownMax)]).Trim();
            error = new ApiError(ReasonOf(null, code), text.Length > 0 ? text : $"the server answered {code} and said no more") { Code = code };
        }

        return retryAfter is { } wait && error.RetryAfterSeconds == 0 ? error with { RetryAfterSeconds = (int)Math.Ceiling(wait.TotalSeconds) } : error;
    }

    public static ApiError From(Status status, int code)
    {
        code = status.Code is > 0 ? status.Code.Value : code;
        return new ApiError(ReasonOf(status.Reason, code), status.Message ?? $"the server answered {code} and said no more")
        {
            Code = code,
            Group = status.Details?.Group,
            Kind = status.Details?.Kind,
            Name = status.Details?.Name,
            Uid = status.Details?.Uid,
            RetryAfterSeconds = status.Details?.RetryAfterSeconds ?? 0,
            Causes = [.. (status.Details?.Causes ?? []).Select(cause => new ErrorCause(cause.Reason ?? "", cause.Message ?? "", cause.Field))],
        };
    }

    private static ApiErrorReason ReasonOf(string? reason, int code)
    {
        if (reason is { Length: > 0 } && char.IsAsciiLetter(reason[0]) && Enum.TryParse<ApiErrorReason>(reason, out var known))
        {
            return known;
        }

        return code switch
        {
            400 => ApiErrorReason.BadRequest,
            401 => ApiErrorReason.Unauthorized,
            403 => ApiErrorReason.Forbidden,
            404 => ApiErrorReason.NotFound,
            405 => ApiErrorReason.MethodNotAllowed,
            406 => ApiErrorReason.NotAcceptable,
            409 => ApiErrorReason.Conflict,
            410 => ApiErrorReason.Expired,
            413 => ApiErrorReason.RequestEntityTooLarge,
            415 => ApiErrorReason.UnsupportedMediaType,
            422 => ApiErrorReason.Invalid,
            429 => ApiErrorReason.TooManyRequests,
            500 => ApiErrorReason.InternalError,
            503 => ApiErrorReason.ServiceUnavailable,
            504 => ApiErrorReason.Timeout,
            507 => ApiErrorReason.StorageFull,
            _ => ApiErrorReason.Unknown,
        };
    }
}
