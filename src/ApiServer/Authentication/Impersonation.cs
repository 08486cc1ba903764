using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.ApiServer.Requests;
using Microsoft.AspNetCore.Http;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>Lets a user who may <c>impersonate</c> act as another: the headers <c>Impersonate-User</c>, <c>-Group</c>, <c>-Uid</c> and <c>-Extra-*</c>.</summary>
/// <remarks>Upstream's impersonation filter: every part that is claimed needs a right of its own.</remarks>
public sealed class Impersonation(Authorizer authorizer)
{
    private const string ServiceAccountPrefix = "system:serviceaccount:";
    private const string ExtraHeader = "Impersonate-Extra-";
    private const string AuthenticationGroup = "authentication.k8s.io";

    /// <summary>Replaces the request's user where the headers ask for it.</summary>
    public ValueTask<ApiError?> ApplyAsync(ApiRequest request)
    {
        if (request.Http is not { } http)
        {
            return default;
        }

        var headers = http.Request.Headers;
        var name = headers["Impersonate-User"].ToString();
        var groups = headers["Impersonate-Group"].OfType<string>().ToList();
        var uid = headers["Impersonate-Uid"].ToString();
        var extra = ExtraOf(headers);
        if (name.Length == 0)
        {
            return groups.Count > 0 || uid.Length > 0 || extra.Count > 0
                ? ValueTask.FromResult<ApiError?>(ApiErrors.BadRequest($"requested [{Claims(groups, uid, extra)}] without impersonating a user name")) : default;
        }

        var asUser = request.User;
        if (asUser.Groups.Contains("system:unauthenticated"))
        {
            return ValueTask.FromResult<ApiError?>(ApiErrors.Unauthorized());
        }

        var account = name.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal) ? name[ServiceAccountPrefix.Length..].Split(':') : [];
        foreach (var asked in Questions(name, account, groups, uid, extra))
        {
            if (!authorizer.Allows(asUser, asked))
            {
                return ValueTask.FromResult<ApiError?>(ApiErrors.ForbiddenTo(asUser.Name, asked.Verb, asked.Group, asked.Resource, "", asked.Namespace, asked.Name));
            }
        }

        // An account that claims no groups has its own; nobody loses what everybody has.
        IEnumerable<string> own = account.Length == 2 && groups.Count == 0 ? ["system:serviceaccounts", $"system:serviceaccounts:{account[0]}"] : [];
        var common = name == ApiUser.Anonymous.Name ? ApiUser.Anonymous.Groups : [ApiUser.AuthenticatedGroup];
        request.User = new ApiUser(name, [.. groups.Concat(own).Where(group => !common.Contains(group)).Distinct(), .. common]) { Uid = uid, Extra = extra };
        return default;
    }

    private static IEnumerable<AccessQuestion> Questions(
        string name, string[] account, List<string> groups, string uid, Dictionary<string, IReadOnlyList<string>> extra)
    {
        yield return account.Length == 2
            ? new AccessQuestion { Verb = "impersonate", Resource = "serviceaccounts", Namespace = account[0], Name = account[1] }
            : new AccessQuestion { Verb = "impersonate", Resource = "users", Name = name };
        foreach (var group in groups)
        {
            yield return new AccessQuestion { Verb = "impersonate", Resource = "groups", Name = group };
        }

        if (uid.Length > 0)
        {
            yield return new AccessQuestion { Verb = "impersonate", Group = AuthenticationGroup, Resource = "uids", Name = uid };
        }

        foreach (var (key, values) in extra)
        {
            foreach (var value in values)
            {
                yield return new AccessQuestion { Verb = "impersonate", Group = AuthenticationGroup, Resource = "userextras/" + key, Name = value };
            }
        }
    }

    // Keys are lower case on the wire and may be percent-encoded.
    private static Dictionary<string, IReadOnlyList<string>> ExtraOf(IHeaderDictionary headers) =>
        headers.Where(header => header.Key.StartsWith(ExtraHeader, StringComparison.OrdinalIgnoreCase) && header.Key.Length > ExtraHeader.Length)
            .ToDictionary(
                header => Uri.UnescapeDataString(header.Key[ExtraHeader.Length..].ToLowerInvariant()),
                header => (IReadOnlyList<string>)[.. header.Value.OfType<string>()],
                StringComparer.Ordinal);

    private static string Claims(List<string> groups, string uid, Dictionary<string, IReadOnlyList<string>> extra) => string.Join(
        " ",
        groups.Select(group => $"{{Group  {group}}}").Concat(uid.Length > 0 ? [$"{{UID  {uid}}}"] : [])
            .Concat(extra.SelectMany(pair => pair.Value.Select(value => $"{{UserExtra {pair.Key} {value}}}"))));
}
