using KubeAspire.ApiServer.Requests;
using KubeAspire.Testing;

namespace KubeAspire.ApiServer.Tests.Authorization;

/// <summary>
/// Every verb on every resource and subresource that is served, for users who hold no right, the exact one, a wildcard, the same one elsewhere:
/// what the server answers is compared with an oracle that knows RBAC from its definition and nothing of the server.
/// </summary>
public sealed class RightsMatrixTests(ApiFixture api, ITestOutputHelper output) : IClassFixture<ApiFixture>
{
    /// <summary>Cells that were asked when this was written: fewer means that something is no longer asked.</summary>
    private const int CellsFloor = 3_600;

    // Verb → method, and whether the path names an object.
    private static readonly (string Verb, string Method, bool Named, string Query)[] s_verbs =
    [
        ("get", "GET", true, ""), ("list", "GET", false, ""), ("watch", "GET", false, "?watch=1&resourceVersion=no-number"), ("create", "POST", false, ""),
        ("update", "PUT", true, ""), ("patch", "PATCH", true, ""), ("delete", "DELETE", true, ""), ("deletecollection", "DELETE", false, "?dryRun=All"),
    ];

    // What a stream into a pod does is as much as running something there, whichever method opens it.
    private static readonly string[] s_streams = ["pods/exec", "pods/attach", "pods/portforward"];

    // What everybody may ask about themselves (upstream's system:basic-user).
    private static readonly string[] s_everybodys = ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];

    private sealed record Grant(string User, string Namespace, string[] Groups, string[] Resources, string[] Verbs, string[] Names);

    [Fact]
    public async Task EveryVerbOnEveryResource_IsAnsweredAsTheOracleSays()
    {
        var (ns, other) = (await api.NamespaceAsync(), await api.NamespaceAsync());
        var cases = Cases().ToList();
        await CheckNothingIsLeftOutAsync(cases);
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
                    var answer = await AskAsync(one, ns, $"{grant.User}-{suffix}");
                    asked++;
                    if (IsUnauthorized(answer) == allowed)
                    {
                        wrong.Add($"{grant.User} {one.Method} {one.Path(ns)}: {answer.Code}, but the oracle says {(allowed ? "allowed" : "forbidden")}: {answer.Text[..Math.Min(200, answer.Text.Length)]}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {asked} wrong:\n{string.Join('\n', wrong.Take(20))}");
        output.Tell($"{asked:N0} cells of the matrix of rights");
        Assert.True(asked >= CellsFloor, $"only {asked} cells");
    }

    [Fact]
    public async Task ANode_MayDoToWhatIsNotItsOwn_WhatItsRoleSays_AndNoMore()
    {
        var ns = await api.NamespaceAsync();
        const string Read = "get list watch";
        // Of things named x, which belong to another node or to none.
        var allowed = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["nodes"] = "create", ["services"] = Read, ["pods"] = "create delete", ["pods/eviction"] = "create", ["events"] = "create update patch", ["events.events.k8s.io"] = "create update patch",
            ["certificatesigningrequests.certificates.k8s.io"] = Read + " create", ["runtimeclasses.node.k8s.io"] = Read, ["csidrivers.storage.k8s.io"] = Read, ["csinodes.storage.k8s.io"] = "create",
            ["leases.coordination.k8s.io"] = Read, // The gateways', by which a pod's removal is known to be seen.
            ["endpointslices.discovery.k8s.io"] = Read, ["tokenreviews.authentication.k8s.io"] = "create",
            ["subjectaccessreviews.authorization.k8s.io"] = "create", ["localsubjectaccessreviews.authorization.k8s.io"] = "create",
            ["selfsubjectaccessreviews.authorization.k8s.io"] = "create", ["selfsubjectrulesreviews.authorization.k8s.io"] = "create", ["selfsubjectreviews.authentication.k8s.io"] = "create",
        };
        List<string> wrong = [];
        foreach (var one in Cases())
        {
            var may = allowed.TryGetValue(one.Group.Length == 0 ? one.Resource : $"{one.Resource}.{one.Group}", out var verbs) && verbs.Split(' ').Contains(one.Verb);
            var answer = await AskAsync(one, ns, "system:node:elsewhere");
            if (IsUnauthorized(answer) == may)
            {
                wrong.Add($"{one.Verb} {one.Path(ns)}: {answer.Code} {answer.Text[..Math.Min(200, answer.Text.Length)]}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task APathOfTheWrongScope_LeadsNowhere()
    {
        // Who may do all in a namespace must not reach what no namespace holds by a path that leads through the namespace (CVE-2019-11247).
        var (ns, user) = (await api.NamespaceAsync(), "owner-" + Guid.NewGuid().ToString("N")[..8]);
        await GrantAsync(new Grant(user, ns, ["*"], ["*"], ["*"], []), "w");
        await WaitForAsync(new Grant(user, ns, ["*"], ["*"], ["*"], []), "w");
        List<string> wrong = [];
        foreach (var one in Cases())
        {
            var path = (one with { Namespaced = !one.Namespaced }).Path(ns);
            // All namespaces' objects can be listed and watched together, and nothing else; what is never stored cannot even be listed.
            var isList = one is { Namespaced: true, Subresource: "" } && !one.Named && one.IsStored;
            var expected = !isList ? 404 : one.Verb switch { "list" => 200, "watch" => 400, _ => 405 };
            foreach (var (who, code) in one.Namespaced ? ((string, int)[])[("admin", expected), ($"{user}-w", 403)] : [("admin", 404), ($"{user}-w", 404)])
            {
                var answer = await api.SendAsync(one.Method, path, one.Method is "GET" or "DELETE" ? null : "{}", one.Method == "PATCH" ? "application/merge-patch+json" : "application/json", user: who);
                if (answer.Code != code)
                {
                    wrong.Add($"{who} {one.Method} {path}: {answer.Code}, not {code}: {answer.Text[..Math.Min(200, answer.Text.Length)]}");
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join('\n', wrong.Take(20))}");
        foreach (var path in (string[])[$"namespaces/{ns}/namespaces", $"namespaces/{ns}/namespaces/default", $"namespaces/{ns}/namespaces/default/status", $"watch/namespaces/{ns}/namespaces"])
        {
            Assert.Equal(404, (await api.SendAsync("GET", "/api/v1/" + path, user: $"{user}-w")).Code);
        }

        Assert.Equal(404, (await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}/namespaces/default", user: $"{user}-w")).Code);
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

    [Fact]
    public void APathThatIsTamperedWith_IsTheSameRequest_OrNone()
    {
        var random = new Random(11);
        string[] paths =
        [
            "/api/v1/namespaces/a/pods/b", "/api/v1/namespaces/a/pods/b/exec", "/api/v1/namespaces/a/secrets", "/api/v1/nodes/n/status", "/apis/apps/v1/namespaces/a/deployments/d/scale",
            "/api/v1/namespaces/a", "/api/v1/namespaces/a/finalize", "/apis/rbac.authorization.k8s.io/v1/clusterroles/r", "/api/v1/watch/namespaces/a/pods", "/healthz", "/version",
        ];
        // What cannot be in a name: whatever another reader of the path makes of it, we make nothing.
        string[] refused = ["/", "/.", "/..", "/%2e", "/%2E%2e", "/.%2e", "/x%2fy", "/x%2Fy", "/x%252fy", "/%00", "/x/..", "/x/%2e%2e"];
        for (var round = 0; round < 20_000; round++)
        {
            var path = paths[random.Next(paths.Length)];
            var plain = Show(RequestInfo.Parse("GET", path, false));

            // Each letter may be written as its code; a slash at the end says nothing.
            var encoded = string.Concat(path.Select(letter => letter != '/' && random.Next(3) == 0 ? (random.Next(2) == 0 ? $"%{(int)letter:x2}" : $"%{(int)letter:X2}") : letter.ToString()));
            Assert.Equal(plain, Show(RequestInfo.Parse("GET", encoded + (random.Next(4) == 0 ? "/" : ""), false)));

            // What is put between two segments makes it no request at all.
            var slashes = path.Select((letter, at) => (letter, at)).Where(pair => pair.letter == '/').Select(pair => pair.at).ToList();
            var at = slashes[random.Next(slashes.Count)];
            var tampered = path[..at] + refused[random.Next(refused.Length)] + path[at..];
            Assert.True(RequestInfo.Parse("GET", tampered, false) is null, tampered);

            // What is read is read the same again from its own segments: nothing is left to be decoded a second time.
            var info = RequestInfo.Parse("GET", path[..at] + "/%25" + random.Next(10, 100) + path[at..], false);
            Assert.Equal(Show(info), Show(RequestInfo.Parse("GET", "/" + string.Join('/', info!.Segments.Select(Uri.EscapeDataString)), false)));
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
        public bool IsStored { get; init; } = true;

        public string Resource => Subresource.Length == 0 ? Plural : $"{Plural}/{Subresource}";

        public string Path(string ns) => (Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}") + (Namespaced ? $"/namespaces/{ns}" : "") + $"/{Plural}"
            + (Named ? "/x" : "") + (Subresource.Length > 0 ? "/" + Subresource : "") + Query;
    }

    private IEnumerable<Case> Cases()
    {
        foreach (var kind in api.Server.Kinds.All)
        {
            var type = kind.Type;
            foreach (var (verb, method, named, query) in s_verbs.Where(one => kind.Verbs.Contains(one.Verb)))
            {
                yield return new Case(type.Group, type.Version, type.Plural, "", type.Namespaced, verb, method, named, query);
            }

            foreach (var subresource in kind.Subresources)
            {
                foreach (var (verb, method, _, _) in s_verbs.Where(one => subresource.Verbs.Contains(one.Verb) && one.Verb is not ("list" or "watch" or "deletecollection")))
                {
                    var isStream = s_streams.Contains($"{type.Plural}/{subresource.Name}");
                    yield return new Case(type.Group, type.Version, type.Plural, subresource.Name, type.Namespaced, isStream ? "create" : verb, method, true, "");
                }
            }
        }

        foreach (var review in api.Server.Kinds.Reviews)
        {
            yield return new Case(review.Type.Group, review.Type.Version, review.Type.Plural, "", review.Type.Namespaced, "create", "POST", false, "") { IsStored = false };
        }

        yield return new Case("kubeaspire.dev", "v1", "nodes", "tunnel", false, "create", "GET", true, "");
    }

    // Discovery is the other list of what there is.
    private async Task CheckNothingIsLeftOutAsync(IReadOnlyList<Case> cases)
    {
        var groups = (await api.SendAsync("GET", "/apis")).Json["groups"]!.AsArray().SelectMany(group => group!["versions"]!.AsArray()).Select(version => "/apis/" + version!["groupVersion"]).Prepend("/api/v1");
        foreach (var path in groups)
        {
            foreach (var resource in (await api.SendAsync("GET", path)).Json["resources"]!.AsArray())
            {
                Assert.True(cases.Any(one => one.Path("ns").StartsWith(path + "/", StringComparison.Ordinal) && one.Resource == resource!["name"]!.ToString()), $"{path} {resource!["name"]} is asked by no case");
            }
        }
    }

    private Task<ApiResponse> AskAsync(Case one, string ns, string user) => api.SendAsync(
        one.Method, one.Path(ns), one.Method is "GET" or "DELETE" ? null : "{}", one.Method == "PATCH" ? "application/merge-patch+json" : "application/json", user: user);

    // Refused by the authorizer; admission has other words.
    private static bool IsUnauthorized(ApiResponse answer) => answer.Code == 403 && answer.Message.Contains("\" cannot ", StringComparison.Ordinal);

    // RBAC in its own words: a rule allows when verb, group and resource are all listed (or *), and the name is listed where names are; a Role counts in its namespace only.
    private static bool Oracle(Grant grant, string ns, string group, string resource, string verb, string name)
    {
        if (verb == "create" && s_everybodys.Contains(resource))
        {
            return true;
        }

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
