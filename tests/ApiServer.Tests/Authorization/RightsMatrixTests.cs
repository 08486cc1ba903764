using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer.Tests.Authorization;

/// <summary>
/// Every verb on every resource and subresource that is served, for users who hold no right, the exact one, a wildcard, the same one elsewhere:
/// what the server answers is compared with an oracle that knows RBAC from its definition and nothing of the server.
/// </summary>
public sealed class RightsMatrixTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    // Verb → method, and whether the path names an object.
    private static readonly (string Verb, string Method, bool Named, string Query)[] s_verbs =
    [
        ("get", "GET", true, ""), ("list", "GET", false, ""), ("watch", "GET", false, "?watch=1&resourceVersion=no-number"), ("create", "POST", false, ""),
        ("update", "PUT", true, ""), ("patch", "PATCH", true, ""), ("delete", "DELETE", true, ""), ("deletecollection", "DELETE", false, "?dryRun=All"),
    ];

    private sealed record Grant(string User, string Namespace, string[] Groups, string[] Resources, string[] Verbs, string[] Names);

    [Fact]
    public async Task EveryVerbOnEveryResource_IsAnsweredAsTheOracleSays()
    {
        var (ns, other) = (await api.NamespaceAsync(), await api.NamespaceAsync());
        var cases = Cases().ToList();
        Assert.True(cases.Count > 200, $"only {cases.Count} cases");
        var wrong = new List<string>();
        var asked = 0;
        foreach (var (group, resource) in cases.Select(one => (one.Group, one.Resource)).Distinct())
        {
            // A right on one resource for each way of holding it.
            Grant[] grants =
            [
                new("exact", ns, [group], [resource], ["get", "update"], []),
                new("wildcard", ns, ["*"], ["*"], ["*"], []),
                new("elsewhere", other, [group], [resource], ["*"], []),
                new("named", ns, [group], [resource], ["get", "delete", "patch"], ["x"]),
                new("everywhere", "", [group], [resource], ["list", "create"], []),
            ];
            var suffix = Guid.NewGuid().ToString("N")[..8];
            foreach (var grant in grants)
            {
                await GrantAsync(grant, suffix);
            }

            foreach (var one in cases.Where(one => one.Group == group && one.Resource == resource))
            {
                foreach (var grant in grants.Append(new Grant("nobody", ns, [], [], [], [])))
                {
                    var name = one.Named ? "x" : "";
                    var allowed = Oracle(grant, one.Namespaced ? ns : "", one.Group, one.Resource, one.Verb, name);
                    await WaitForAsync(grant, suffix);
                    var answer = await api.SendAsync(one.Method, one.Path(ns), one.Method is "GET" or "DELETE" ? null : "{}", one.Method == "PATCH" ? "application/merge-patch+json" : "application/json", user: $"{grant.User}-{suffix}");
                    asked++;
                    if ((answer.Code != 403) != allowed)
                    {
                        wrong.Add($"{grant.User} {one.Method} {one.Path(ns)}: {answer.Code}, but the oracle says {(allowed ? "allowed" : "forbidden")}: {answer.Text[..Math.Min(200, answer.Text.Length)]}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {asked} wrong:\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void ARequestInfo_IsTheSame_HoweverItsPathIsWritten()
    {
        // Authorization must see what the handler acts on: an encoding of a path is either the same path or none at all.
        var random = new Random(7);
        string[] words = ["api", "apis", "v1", "apps", "namespaces", "pods", "status", "default", "..", ".", "", "a%2fb", "a%2Fb", "%2e%2e", "%2E", "x", "log", "nodes", "proxy"];
        for (var round = 0; round < 20_000; round++)
        {
            var parts = Enumerable.Range(0, random.Next(1, 8)).Select(_ => words[random.Next(words.Length)]).ToList();
            var path = "/" + string.Join('/', parts);
            var plain = RequestInfo.Parse("GET", path, false);
            var encoded = "/" + string.Join('/', parts.Select(part => string.Concat(part.Select(letter => letter != '%' && random.Next(3) == 0 ? $"%{(int)letter:x2}" : letter.ToString()))));
            // Encoding a letter of an escape would make another text; only letters outside escapes are encoded.
            if (parts.Any(part => part.Contains('%')))
            {
                continue;
            }

            Assert.Equal(Show(plain), Show(RequestInfo.Parse("GET", encoded, false)));
            if (plain is not null)
            {
                Assert.DoesNotContain(plain.Segments, segment => segment is "" or "." or ".." || segment.Contains('/'));
            }
        }
    }

    [Theory]
    [InlineData("/api/v1/namespaces/a/pods/../../b/secrets")]
    [InlineData("/api/v1/namespaces/a/pods/%2e%2e/secrets")]
    [InlineData("/api/v1/namespaces//secrets")]
    [InlineData("/api/v1/namespaces/a%2fb/secrets")]
    [InlineData("/apis/apps/v1/namespaces/a/./deployments")]
    public async Task APathThatCouldMeanTwoThings_IsRefused(string path) => Assert.Equal(400, (await api.SendAsync("GET", path)).Code);

    private static string Show(RequestInfo? info) => info is null ? "none" : $"{info.IsResource} {info.Verb} {info.Group} {info.Version} {info.Resource} {info.Subresource} {info.Namespace} {info.Name} {info.Path}";

    private sealed record Case(string Group, string Version, string Plural, string Subresource, bool Namespaced, string Verb, string Method, bool Named, string Query)
    {
        public string Resource => Subresource.Length == 0 ? Plural : $"{Plural}/{Subresource}";

        public string Path(string ns) => (Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}") + (Namespaced ? $"/namespaces/{ns}" : "") + $"/{Plural}"
            + (Named ? "/x" : "") + (Subresource.Length > 0 ? "/" + Subresource : "") + Query;
    }

    private IEnumerable<Case> Cases()
    {
        foreach (var kind in api.Server.Kinds.All)
        {
            var type = kind.Type;
            foreach (var (verb, method, named, query) in s_verbs)
            {
                if (kind.Verbs.Contains(verb) && type.Plural != "namespaces")
                {
                    yield return new Case(type.Group, type.Version, type.Plural, "", type.Namespaced, verb, method, named, query);
                }

                foreach (var subresource in kind.Subresources)
                {
                    if (named && type.Plural != "namespaces" && subresource.Verbs.Contains(verb) && subresource.Name is "status" or "scale")
                    {
                        yield return new Case(type.Group, type.Version, type.Plural, subresource.Name, type.Namespaced, verb, method, named, query);
                    }
                }
            }
        }
    }

    // RBAC in its own words: a rule allows when verb, group and resource are all listed (or *), and the name is listed where names are; a Role counts in its namespace only.
    private static bool Oracle(Grant grant, string ns, string group, string resource, string verb, string name)
    {
        var inScope = grant.Namespace.Length == 0 || grant.Namespace == ns;
        return inScope && Listed(grant.Verbs, verb) && Listed(grant.Groups, group) && Listed(grant.Resources, resource) && (grant.Names.Length == 0 || grant.Names.Contains(name));
    }

    private static bool Listed(string[] values, string wanted) => values.Contains("*") || values.Contains(wanted);

    private async Task GrantAsync(Grant grant, string suffix)
    {
        static string List(string[] values) => "[" + string.Join(',', values.Select(value => $"\"{value}\"")) + "]";
        var rule = $$"""{"apiGroups":{{List(grant.Groups)}},"resources":{{List(grant.Resources)}},"verbs":{{List(grant.Verbs)}}{{(grant.Names.Length > 0 ? $",\"resourceNames\":{List(grant.Names)}" : "")}}}""";
        var (name, cluster) = ($"{grant.User}-{suffix}", grant.Namespace.Length == 0);
        var root = "/apis/rbac.authorization.k8s.io/v1/" + (cluster ? "" : $"namespaces/{grant.Namespace}/");
        var role = await api.SendAsync("POST", root + (cluster ? "clusterroles" : "roles"), "{\"metadata\":{\"name\":\"" + name + "\"},\"rules\":[" + rule + "]}");
        var binding = await api.SendAsync(
            "POST", root + (cluster ? "clusterrolebindings" : "rolebindings"),
            "{\"metadata\":{\"name\":\"" + name + "\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"" + (cluster ? "ClusterRole" : "Role") + "\",\"name\":\"" + name
            + "\"},\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"" + name + "\"}]}");
        Assert.True(role.Code == 201 && binding.Code == 201, role.Text + binding.Text);
    }

    // The index of rules follows the store: a right counts a moment after it is given.
    private async Task WaitForAsync(Grant grant, string suffix)
    {
        if (grant.Verbs.Length == 0)
        {
            return;
        }

        var user = Authentication.ApiUser.Named($"{grant.User}-{suffix}");
        while (api.Server.Index.RulesOf(user, grant.Namespace).All(rule => rule.Resources?.SequenceEqual(grant.Resources) != true))
        {
            await Task.Yield();
        }
    }
}
