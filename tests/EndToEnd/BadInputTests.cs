using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>Bad input gets the Status that upstream gives, and nothing is stored.</summary>
[Collection(SharedCluster.Name)]
public sealed class BadInputTests(ClusterFixture fixture)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    private Cluster Cluster => fixture.Cluster;

    // Method, path, content type, body → code, reason, part of the message, fields of the causes.
    public static TheoryData<string, string, string, string?, string?, int, string, string, string?> Cases => new()
    {
        { "malformed JSON", "POST", ConfigMaps, "application/json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"}""", 400, "BadRequest", "", null },
        { "YAML with an alias bomb", "POST", ConfigMaps, "application/yaml", AliasBomb, 400, "BadRequest", "", null },
        { "unknown field under Strict", "POST", ConfigMaps + "?fieldValidation=Strict", "application/json",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"dta":{"a":"b"}}""", 400, "BadRequest", "strict decoding error: unknown field \"dta\"", null },
        { "duplicate field under Strict", "POST", ConfigMaps + "?fieldValidation=Strict", "application/json",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":"b"},"data":{"a":"c"}}""", 400, "BadRequest", "duplicate field \"data\"", null },
        { "a name that is no DNS subdomain", "POST", ConfigMaps, "application/json",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Not_A_Name"}}""", 422, "Invalid", "ConfigMap \"Not_A_Name\" is invalid: metadata.name: Invalid value: \"Not_A_Name\"", "metadata.name" },
        { "wrong resourceVersion", "PUT", ConfigMaps + "/kube-root-ca.crt", "application/json",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"kube-root-ca.crt","resourceVersion":"1"},"data":{"a":"b"}}""", 409, "Conflict",
            "Operation cannot be fulfilled on configmaps \"kube-root-ca.crt\": the object has been modified; please apply your changes to the latest version and try again", null },
        { "unknown resource", "GET", "/api/v1/namespaces/default/widgets", null, null, 404, "NotFound", "the server could not find the requested resource", null },
        { "unknown object", "GET", ConfigMaps + "/nothing", null, null, 404, "NotFound", "configmaps \"nothing\" not found", null },
        { "bad label selector", "GET", ConfigMaps + "?labelSelector=a%3D%3D%3Db", null, null, 400, "BadRequest", "unable to parse requirement", null },
        { "bad field selector", "GET", ConfigMaps + "?fieldSelector=spec.colour%3Dred", null, null, 400, "BadRequest", "field label not supported", null },
        { "bad resourceVersion", "GET", ConfigMaps + "?resourceVersion=abc", null, null, 400, "", "", null },
        { "every broken field, not the first", "POST", Deployments, "application/json",
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"bad"},"spec":{"replicas":-1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"c"}},"spec":{"containers":[]}}}}""",
            422, "Invalid", "Deployment.apps \"bad\" is invalid", "spec.replicas,spec.template.metadata.labels,spec.template.spec.containers" },
        { "a kind that is not the path's", "POST", ConfigMaps, "application/json",
            """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"bad"}}""", 400, "BadRequest", "", null },
        { "a media type that is none", "POST", ConfigMaps, "application/cbor", "x", 415, "UnsupportedMediaType", "", null },
        { "a namespace that is not the path's", "POST", ConfigMaps, "application/json",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad","namespace":"other"}}""", 400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request", null },
        { "a namespace that is not there", "POST", "/api/v1/namespaces/nowhere/configmaps", "application/json",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"}}""", 404, "NotFound", "namespaces \"nowhere\" not found", null },
        { "a verb that the resource has not", "PUT", ConfigMaps, "application/json", "{}", 405, "MethodNotAllowed", "", null },
    };

    private const string AliasBomb = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: bad}
        a: &a ["x","x","x","x","x","x","x","x","x"]
        b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
        c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
        d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
        e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]
        f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]
        g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]
        h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]
        i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h]
        """;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task ABadRequest_GetsUpstreamsStatus_AndStoresNothing(
        string because, string method, string path, string? type, string? body, int code, string reason, string message, string? fields)
    {
        Cluster.RequireMachine();
        var before = await RevisionAsync();
        var status = await SendAsync(Cluster.Admin, method, path, type, body);
        Assert.True(status.GetProperty("code").GetInt32() == code, $"{because}: {status}");
        Assert.Equal("Failure", status.GetProperty("status").GetString());
        Assert.Contains(message, status.GetProperty("message").GetString(), StringComparison.Ordinal);
        if (reason.Length > 0)
        {
            Assert.Equal(reason, status.GetProperty("reason").GetString());
        }

        if (fields is not null)
        {
            var causes = status.GetProperty("details").GetProperty("causes").EnumerateArray().Select(cause => cause.GetProperty("field").GetString()!).ToHashSet();
            Assert.Subset(causes, fields.Split(',').ToHashSet());
        }

        Assert.Equal(before, await RevisionAsync());
    }

    [Fact]
    public async Task AnObjectOverTheLimit_IsRefused()
    {
        Cluster.RequireMachine();
        var body = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":"LARGE"}}""".Replace("LARGE", new string('x', 1_600_000), StringComparison.Ordinal);
        var status = await SendAsync(Cluster.Admin, "POST", ConfigMaps, "application/json", body);
        Assert.True(status.GetProperty("code").GetInt32() is 413 or 422, status.ToString());
        Assert.Equal(1, (await Cluster.TryKubectlAsync("get configmap bad")).Code);
        var huge = await SendAsync(Cluster.Admin, "POST", ConfigMaps, "application/json", new string(' ', 4_000_000));
        Assert.Equal(413, huge.GetProperty("code").GetInt32());
        Assert.Equal("RequestEntityTooLarge", huge.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task WithoutCredentials_NothingIsReadOrWritten()
    {
        Cluster.RequireMachine();
        using var anonymous = Cluster.Client(withCertificate: false);
        foreach (var (method, path) in new[] { ("GET", ConfigMaps), ("GET", "/api/v1/secrets"), ("DELETE", "/api/v1/namespaces/default"), ("GET", "/apis") })
        {
            var status = await SendAsync(anonymous, method, path, null, null);
            Assert.Equal(401, status.GetProperty("code").GetInt32());
            Assert.Equal("Unauthorized", status.GetProperty("reason").GetString());
        }

        anonymous.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "not.a.token");
        Assert.Equal(401, (await SendAsync(anonymous, "GET", ConfigMaps, null, null)).GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task ACredentialWithoutTheRight_IsForbidden_AndOneWithTheRight_IsNot()
    {
        Cluster.RequireMachine();
        await Cluster.KubectlAsync("create namespace rights");
        await Cluster.KubectlAsync("create serviceaccount reader -n rights");
        await Cluster.KubectlAsync("create role reader -n rights --verb=get,list --resource=configmaps");
        await Cluster.KubectlAsync("create rolebinding reader -n rights --role=reader --serviceaccount=rights:reader");
        using var client = Cluster.Client(withCertificate: false);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await Cluster.KubectlAsync("create token reader -n rights")).Trim());

        using var allowed = await client.GetAsync(new Uri("/api/v1/namespaces/rights/configmaps", UriKind.Relative));
        Assert.True(allowed.IsSuccessStatusCode, await allowed.Content.ReadAsStringAsync());
        var elsewhere = await SendAsync(client, "GET", ConfigMaps, null, null);
        Assert.Equal(403, elsewhere.GetProperty("code").GetInt32());
        Assert.Equal("Forbidden", elsewhere.GetProperty("reason").GetString());
        Assert.Equal(
            "configmaps is forbidden: User \"system:serviceaccount:rights:reader\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"",
            elsewhere.GetProperty("message").GetString());
        var write = await SendAsync(client, "POST", "/api/v1/namespaces/rights/configmaps", "application/json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}""");
        Assert.Equal(403, write.GetProperty("code").GetInt32());
        await Cluster.KubectlAsync("delete namespace rights --timeout=60s");
    }

    // The newest revision of the collections that the cases write to.
    private async Task<string> RevisionAsync()
    {
        var items = new List<string>();
        foreach (var path in new[] { ConfigMaps, Deployments })
        {
            var list = JsonDocument.Parse(await Cluster.Admin.GetStringAsync(new Uri(path, UriKind.Relative))).RootElement;
            items.AddRange(list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("metadata").GetProperty("resourceVersion").GetString()!));
        }

        return string.Join(',', items);
    }

    private static async Task<JsonElement> SendAsync(HttpClient client, string method, string path, string? type, string? body)
    {
        // HTTP/2, as kubectl speaks it: a refusal arrives while the body is still being sent.
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type!);
        }

        using var answer = await client.SendAsync(request);
        var status = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("Status", status.GetProperty("kind").GetString());
        Assert.Equal((int)answer.StatusCode, status.GetProperty("code").GetInt32());
        return status;
    }
}
