using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Streaming.Proxying;

namespace KubeAspire.ApiServer.Tests.Streaming;

public sealed class ConnectTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly (string, string)[] s_webSocket =
        [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Protocol", "v5.channel.k8s.io")];

    public static TheoryData<string, string, bool, string, string> Verbs => new()
    {
        // method  path                                           upgrade  verb      resource
        { "GET", "/api/v1/namespaces/a/pods/b/exec", true, "create", "pods/exec" },
        { "GET", "/api/v1/namespaces/a/pods/b/exec", false, "create", "pods/exec" },
        { "POST", "/api/v1/namespaces/a/pods/b/exec", true, "create", "pods/exec" },
        { "GET", "/api/v1/namespaces/a/pods/b/attach", true, "create", "pods/attach" },
        { "GET", "/api/v1/namespaces/a/pods/b/portforward", true, "create", "pods/portforward" },
        { "GET", "/api/v1/namespaces/a/pods/b/log", false, "get", "pods/log" },
        { "GET", "/api/v1/namespaces/a/pods/b/proxy/x", false, "get", "pods/proxy" },
        { "GET", "/api/v1/namespaces/a/pods/b/proxy/x", true, "create", "pods/proxy" },
        { "PUT", "/api/v1/namespaces/a/services/https:b:web/proxy/x//y", false, "update", "services/proxy" },
        { "DELETE", "/api/v1/namespaces/a/services/b/proxy", false, "delete", "services/proxy" },
        { "GET", "/api/v1/nodes/n/proxy/pods", false, "get", "nodes/proxy" },
        { "GET", "/api/v1/nodes/n/proxy/exec/a/b/c", true, "create", "nodes/proxy" },
    };

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Stream_IsACreate_HoweverItIsAskedFor(string method, string path, bool upgrade, string verb, string resource)
    {
        var info = RequestInfo.Parse(method, path, watch: true, upgrade: upgrade)!;
        Assert.Equal((verb, resource), (info.Verb == "watch" ? "get" : info.Verb, info.ResourcePath));
    }

    [Theory]
    [InlineData("/api/v1/namespaces/a/pods/b/proxy", "")]
    [InlineData("/api/v1/namespaces/a/pods/b/proxy/", "/")]
    [InlineData("/api/v1/namespaces/a/pods/b/proxy/a//b/../c%2Fd", "/a//b/../c%2Fd")]
    [InlineData("/api/v1/nodes/n/proxy/pods", "/pods")]
    [InlineData("/api/v1/namespaces/a/configmaps/proxy", null)]
    public void ProxiedPath_StaysAsItCame(string path, string? rest) => Assert.Equal(rest, RequestInfo.Parse("GET", path, false)!.ProxyPath);

    [Fact]
    public async Task WhoMayOnlyRead_OpensNoStream()
    {
        var ns = await api.NamespaceAsync();
        await GrantAsync(ns, "reader", "get", "list", "watch");
        await GrantAsync(ns, "runner", "create");
        foreach (var subresource in (string[])["exec", "attach", "portforward", "proxy"])
        {
            var path = $"/api/v1/namespaces/{ns}/pods/nobody/{subresource}?stdout=true&command=id";
            Assert.Equal(403, (await api.SendAsync("GET", path, user: "reader", headers: s_webSocket)).Code);
            Assert.Equal(403, (await api.SendAsync("POST", path, user: "reader")).Code);
            Assert.Equal(403, (await api.SendAsync("GET", path, user: "stranger", headers: s_webSocket)).Code);
            Assert.Equal(404, (await api.SendAsync("GET", path, user: "runner", headers: s_webSocket)).Code);
        }

        Assert.Equal(404, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/nobody/proxy/", user: "reader")).Code);
    }

    [Fact]
    public async Task Refusals_AreAnswersBeforeTheUpgrade()
    {
        var ns = await api.NamespaceAsync();
        var pods = $"/api/v1/namespaces/{ns}/pods";
        Assert.Equal(201, (await api.SendAsync("POST", pods, """{"metadata":{"name":"two"},"spec":{"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]}}""")).Code);

        var missing = await api.SendAsync("POST", $"{pods}/none/exec?stdout=1&command=x");
        Assert.Equal((404, "pods \"none\" not found"), (missing.Code, missing.Message));
        var unscheduled = await api.SendAsync("POST", $"{pods}/two/exec?stdout=1&command=x&container=a");
        Assert.Equal((400, "pod two does not have a host assigned"), (unscheduled.Code, unscheduled.Message));

        Assert.Equal(201, (await api.SendAsync("POST", $"{pods}/two/binding", """{"target":{"kind":"Node","name":"n1"}}""")).Code);
        var unnamed = await api.SendAsync("POST", $"{pods}/two/exec?stdout=1&command=x");
        Assert.Equal((400, "a container name must be specified for pod two, choose one of: [a b]"), (unnamed.Code, unnamed.Message));
        var unknown = await api.SendAsync("POST", $"{pods}/two/attach?stdout=1&container=c");
        Assert.Equal((400, "container c is not valid for pod two"), (unknown.Code, unknown.Message));
        var plain = await api.SendAsync("POST", $"{pods}/two/exec?stdout=1&command=x&container=a");
        Assert.Equal((400, "Upgrade request required"), (plain.Code, plain.Message));
        var address = await api.SendAsync("GET", $"{pods}/two/proxy/");
        Assert.Equal((400, "address not allowed"), (address.Code, address.Message));
        Assert.Equal(405, (await api.SendAsync("DELETE", $"{pods}/two/exec")).Code);
    }

    [Fact]
    public async Task NodeProxy_ReadsTheAgent_AndReachesNothingElse()
    {
        Assert.Equal(201, (await api.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"proxied"}}""")).Code);
        Assert.Equal(404, (await api.SendAsync("GET", "/api/v1/nodes/none/proxy/pods")).Code);
        Assert.Equal(503, (await api.SendAsync("GET", "/api/v1/nodes/proxied/proxy/pods")).Code);
        foreach (var path in (string[])["exec/a/b/c", "dial/a/b?port=1", "portForward/a/b", "containerLogs/a/../../exec", "containerLogs/a/b/..", "containerLogs/a/b/c%2F", "", "run/a/b/c"])
        {
            Assert.Equal(404, (await api.SendAsync("GET", "/api/v1/nodes/proxied/proxy/" + path)).Code);
        }

        Assert.Equal(405, (await api.SendAsync("POST", "/api/v1/nodes/proxied/proxy/pods")).Code);
        Assert.Equal(405, (await api.SendAsync("GET", "/api/v1/nodes/proxied/proxy/pods", headers: s_webSocket)).Code);
    }

    [Fact]
    public async Task EphemeralContainers_AreAddedThroughTheirSubresource_AndNeverChanged()
    {
        var ns = await api.NamespaceAsync();
        var pods = $"/api/v1/namespaces/{ns}/pods";
        Assert.Equal(201, (await api.SendAsync("POST", pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"i"}]}}""")).Code);
        const string Patch = "application/strategic-merge-patch+json";
        var added = await api.SendAsync("PATCH", $"{pods}/p/ephemeralcontainers", """{"metadata":{"labels":{"x":"y"}},"spec":{"ephemeralContainers":[{"name":"d","image":"i","targetContainerName":"a"}]}}""", Patch);
        Assert.Equal((200, "d", ""), (added.Code, added.At("spec.ephemeralContainers.0.name"), added.At("metadata.labels.x")));
        var changed = await api.SendAsync("PATCH", $"{pods}/p/ephemeralcontainers", """{"spec":{"ephemeralContainers":[{"name":"d","image":"other"}]}}""", Patch);
        Assert.Equal(422, changed.Code);
        Assert.Contains("existing ephemeral containers \"d\" may not be changed", changed.Message, StringComparison.Ordinal);
        var removed = await api.SendAsync("PATCH", $"{pods}/p/ephemeralcontainers", """[{"op":"remove","path":"/spec/ephemeralContainers"}]""", "application/json-patch+json");
        Assert.Contains("may not be removed", removed.Message, StringComparison.Ordinal);
        var through = await api.SendAsync("PATCH", $"{pods}/p", """{"spec":{"ephemeralContainers":[{"name":"e","image":"i"}]}}""", Patch);
        Assert.Equal(422, through.Code);
    }

    [Theory]
    [InlineData("""<a href="/page">x</a>""", """<a href="/p/page">x</a>""")]
    [InlineData("<img alt='a' src='/a.png'>", "<img alt='a' src='/p/a.png'>")]
    [InlineData("""<a href="page">x</a><a href="http://other/page">""", """<a href="page">x</a><a href="http://other/page">""")]
    [InlineData("""<a href="//other/page">""", """<a href="//other/page">""")]
    [InlineData("""<a href="/p/page">""", """<a href="/p/page">""")]
    [InlineData("a href=\"/page\"", "a href=\"/page\"")]
    public void Links_LeadThroughTheProxy(string html, string rewritten) => Assert.Equal(rewritten, HtmlLinks.Rewrite(html, "/p"));

    [Theory]
    [InlineData("/next", "/p/next")]
    [InlineData("next", "next")]
    [InlineData("http://api:6443/next?a=b", "/p/next?a=b")]
    [InlineData("http://other/next", "http://other/next")]
    public void Redirects_LeadThroughTheProxy_OrAreTheClients(string location, string rewritten) => Assert.Equal(rewritten, HtmlLinks.Location(location, "/p", "api:6443"));

    [Theory]
    [InlineData("web", "", "web", "")]
    [InlineData("web:80", "", "web", "80")]
    [InlineData("https:web:443", "https", "web", "443")]
    [InlineData("https:web:", "https", "web", "")]
    [InlineData(":web:http", "", "web", "http")]
    public void ProxyName_IsRead(string text, string scheme, string name, string port) => Assert.Equal(new ProxyName(scheme, name, port), ProxyName.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("ftp:web:21")]
    [InlineData(":80")]
    [InlineData("a:b:c:d")]
    public void ProxyName_ThatIsNone_IsRefused(string text) => Assert.Null(ProxyName.Parse(text));

    private async Task GrantAsync(string ns, string user, params string[] verbs)
    {
        var quoted = string.Join(',', verbs.Select(verb => $"\"{verb}\""));
        Assert.Equal(201, (await api.SendAsync("POST", $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles",
            $$"""{"metadata":{"name":"{{user}}"},"rules":[{"apiGroups":[""],"resources":["pods/exec","pods/attach","pods/portforward","pods/proxy"],"verbs":[{{quoted}}]}]}""")).Code);
        Assert.Equal(201, (await api.SendAsync("POST", $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
            $$"""{"metadata":{"name":"{{user}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"{{user}}"},"subjects":[{"kind":"User","name":"{{user}}","apiGroup":"rbac.authorization.k8s.io"}]}""")).Code);
        // The index follows the store by a watch.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!api.Server.Index.RulesOf(Authentication.ApiUser.Named(user), ns).Any(rule => rule.Resources?.Contains("pods/exec") == true))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }
}
