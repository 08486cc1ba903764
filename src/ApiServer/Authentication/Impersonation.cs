using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>Lets a user who may <c>impersonate</c> act as another: the headers <c>Impersonate-User</c>, <c>-Uid</c> and <c>-Group</c>.</summary>
public sealed class Impersonation(Authorizer authorizer)
{
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>Replaces the request's user where the headers ask for it.</summary>
    public ValueTask<ApiError?> ApplyAsync(ApiRequest request)
    {
        if (request.Http is not { } http)
        {
            return default;
        }

        var headers = http.Request.Headers;
        var name = headers["Impersonate-User"].ToString();
        var groups = headers["Impersonate-Group"];
        if (name.Length == 0)
        {
            return groups.Count > 0 || headers.ContainsKey("Impersonate-Uid")
                ? ValueTask.FromResult<ApiError?>(ApiErrors.BadRequest("requested [{}] without impersonating a user name")) : default;
        }

        var asUser = request.User;
        if (asUser.Groups.Contains("system:unauthenticated"))
        {
            return ValueTask.FromResult<ApiError?>(ApiErrors.Unauthorized());
        }

        var named = name.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal) ? name[ServiceAccountPrefix.Length..].Split(':') : [];
        var question = named.Length == 2
            ? new AccessQuestion { Verb = "impersonate", Resource = "serviceaccounts", Namespace = named[0], Name = named[1] }
            : new AccessQuestion { Verb = "impersonate", Resource = "users", Name = name };
        foreach (var asked in groups.Select(group => new AccessQuestion { Verb = "impersonate", Resource = "groups", Name = group ?? "" }).Prepend(question))
        {
            if (!authorizer.Allows(asUser, asked))
            {
                return ValueTask.FromResult<ApiError?>(ApiErrors.ForbiddenTo(asUser.Name, asked.Verb, asked.Group, asked.Resource, "", asked.Namespace, asked.Name));
            }
        }

        IEnumerable<string> own = named.Length == 2 ? ["system:serviceaccounts", $"system:serviceaccounts:{named[0]}"] : [];
        request.User = ApiUser.Named(name, [.. groups.OfType<string>().Where(group => group != ApiUser.AuthenticatedGroup), .. own]);
        return default;
    }
}
