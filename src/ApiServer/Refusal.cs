using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer;

/// <summary>Refusals that speak of a request.</summary>
internal static class Refusal
{
    public static ApiError Options(string kind, params IReadOnlyList<FieldError> errors) => ApiErrors.Invalid("meta.k8s.io", kind, "", errors);

    /// <summary>Query parameters that must be whole numbers, or the words of upstream's decoder.</summary>
    public static ApiError? Numbers(RequestQuery query, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (query[name] is { Length: > 0 } text && query.Number(name) is null)
            {
                return ApiErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
            }
        }

        return null;
    }

    public static ApiError Forbidden(RequestInfo info, string why) => ApiErrors.Forbidden(info.Group, info.Resource, info.Name, why);

    public static ApiError ForbiddenTo(ApiUser user, RequestInfo info) => info.IsResource
        ? ApiErrors.ForbiddenTo(user.Name, info.Verb, info.Group, info.Resource, info.Subresource, info.Namespace, info.Name)
        : ApiErrors.ForbiddenPath(user.Name, info.Verb, info.Path);
}
