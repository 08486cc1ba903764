using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.Tests.Verbs;

/// <summary>Options of requests: every combination that is refused, and what the others mean.</summary>
public sealed class OptionsTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string List = "/api/v1/namespaces/default/configmaps";
    private const string TableV1 = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    [Theory]
    [InlineData("resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("resourceVersionMatch=NotOlderThan", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("resourceVersion=0&resourceVersionMatch=Exact", 422, "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")]
    [InlineData("resourceVersion=1&resourceVersionMatch=Best", 422, "resourceVersionMatch: Unsupported value: \"Best\": supported values: \"Exact\", \"NotOlderThan\"")]
    [InlineData("resourceVersion=1&resourceVersionMatch=Exact&continue=x", 422, "resourceVersionMatch is forbidden when continue is provided")]
    [InlineData("resourceVersion=1&continue=x", 400, "specifying resource version is not allowed when using continue")]
    [InlineData("continue=x", 400, "continue key is not valid")]
    [InlineData("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list")]
    [InlineData("resourceVersion=x", 400, "invalid resource version")]
    [InlineData("limit=many", 400, "strconv.ParseInt: parsing \"many\": invalid syntax")]
    [InlineData("watch=1&sendInitialEvents=true", 422, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("watch=1&sendInitialEvents=true&resourceVersionMatch=Exact", 422, "resourceVersionMatch: Unsupported value: \"Exact\": supported values: \"NotOlderThan\"")]
    [InlineData("watch=1&resourceVersionMatch=NotOlderThan", 422, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    [InlineData("watch=1&resourceVersion=x", 400, "invalid resource version")]
    [InlineData("watch=1&timeoutSeconds=long", 400, "strconv.ParseInt: parsing \"long\": invalid syntax")]
    public async Task AnOptionThatMakesNoSense_IsRefused(string query, int code, string message)
    {
        var answer = await api.SendAsync("GET", $"{List}?{query}");

        Assert.Equal(code, answer.Code);
        Assert.Contains(message, answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("resourceVersion=0", true)]
    [InlineData("resourceVersion=0&resourceVersionMatch=NotOlderThan", true)]
    [InlineData("resourceVersion={first}", true)]
    [InlineData("resourceVersion={first}&resourceVersionMatch=NotOlderThan", true)]
    [InlineData("resourceVersion={first}&resourceVersionMatch=Exact", false)]
    [InlineData("resourceVersion={first}&limit=5", false)]
    [InlineData("resourceVersion={first}&resourceVersionMatch=NotOlderThan&limit=5", true)]
    [InlineData("limit=5", true)]
    public async Task ARevision_IsTheLeast_OrExactlyTheOne(string query, bool newest)
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var first = await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        await api.SendAsync("POST", path, """{"metadata":{"name":"b"}}""");

        var list = await api.SendAsync("GET", $"{path}?{query.Replace("{first}", first.At("metadata.resourceVersion"), StringComparison.Ordinal)}");

        Assert.Equal(200, list.Code);
        Assert.Equal(newest ? ["a", "b"] : ["a"], list.Json["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.ToString()));
    }

    [Theory]
    [InlineData("None", "")]
    [InlineData("Metadata", "PartialObjectMetadata")]
    [InlineData("", "PartialObjectMetadata")]
    [InlineData("Object", "ConfigMap")]
    public async Task ATablesRows_CarryWhatWasAskedFor(string include, string kind)
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");

        var list = await api.SendAsync("GET", $"{path}?includeObject={include}", accept: TableV1);
        var watch = await api.SendAsync("GET", $"{path}?watch=1&resourceVersion=0&timeoutSeconds=1&includeObject={include}", accept: TableV1);

        Assert.Equal(("Table", "a", kind), (list.At("kind"), list.At("rows.0.cells.0"), list.At("rows.0.object.kind")));
        var first = JsonNode.Parse(watch.Text.Split('\n')[0])!["object"]!;
        Assert.Equal(("Table", kind), (first["kind"]!.ToString(), first["rows"]![0]!["object"]?["kind"]?.ToString() ?? ""));
    }

    [Fact]
    public async Task ATable_OfSomethingElse_IsRefused()
    {
        var answer = await api.SendAsync("GET", List + "?includeObject=Everything", accept: TableV1);

        Assert.Equal(400, answer.Code);
        Assert.StartsWith("Unable to convert to Table as requested: includeObject: Unsupported value: \"Everything\"", answer.Message);
    }

    public static TheoryData<string, string, string> Bodies => new()
    {
        { "application/json", """{"metadata":{"name":"{name}"},"data":{"a":"b","a":"c"},"colour":"red"}""", "duplicate field \"data.a\"" },
        { "application/yaml", "metadata: {name: '{name}'}\ndata: {a: b, a: c}\ncolour: red\n", "key \"a\" already set in map" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task UnknownAndDoubledFields_AreRefused_WarnedOf_OrIgnored(string type, string body, string duplicate)
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var strict = await api.SendAsync("POST", path + "?fieldValidation=Strict", Named("a"), type);
        var warned = await api.SendAsync("POST", path + "?fieldValidation=Warn", Named("b"), type);
        var byDefault = await api.SendAsync("POST", path, Named("c"), type);
        var ignored = await api.SendAsync("POST", path + "?fieldValidation=Ignore", Named("d"), type);
        var wrong = await api.SendAsync("POST", path + "?fieldValidation=Sometimes", Named("e"), type);

        Assert.Equal((400, 201, 201, 201, 422), (strict.Code, warned.Code, byDefault.Code, ignored.Code, wrong.Code));
        Assert.Contains("strict decoding error", strict.Message, StringComparison.Ordinal);
        Assert.Contains("unknown field \"colour\"", strict.Message, StringComparison.Ordinal);
        Assert.Contains(duplicate, strict.Message, StringComparison.Ordinal);
        Assert.Contains("299 - \"unknown field \\\"colour\\\"\"", warned.Headers["Warning"].ToString(), StringComparison.Ordinal);
        Assert.Equal(warned.Headers["Warning"].Count, byDefault.Headers["Warning"].Count);
        Assert.Empty(ignored.Headers["Warning"].ToString());
        Assert.Equal("", warned.At("colour"));

        string Named(string name) => body.Replace("{name}", name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OptionsOfADelete_ComeInProtobufToo()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        var options = Protobuf("""{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"another"}}""", "v1", "DeleteOptions", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");

        var refused = await api.SendAsync("DELETE", path + "/a", bytes: options, contentType: "application/vnd.kubernetes.protobuf");
        Assert.Equal((409, "Conflict"), (refused.Code, refused.Reason));

        var dry = Protobuf("""{"dryRun":["All"],"gracePeriodSeconds":0}""", "meta.k8s.io/v1", "DeleteOptions", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
        Assert.Equal(200, (await api.SendAsync("DELETE", path + "/a", bytes: dry, contentType: "application/vnd.kubernetes.protobuf")).Code);
        Assert.Equal(200, (await api.SendAsync("GET", path + "/a")).Code);
    }

    [Fact]
    public async Task BodiesOfSubresources_ComeInProtobufToo()
    {
        var ns = await api.NamespaceAsync();
        var deployment = """{"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""";
        var path = $"/apis/apps/v1/namespaces/{ns}/deployments";
        Assert.Equal(201, (await api.SendAsync("POST", path, bytes: Protobuf(deployment, "apps/v1", "Deployment", "io.k8s.api.apps.v1.Deployment"), contentType: "application/vnd.kubernetes.protobuf")).Code);

        var scale = Protobuf($$$"""{"metadata":{"name":"web","namespace":"{{{ns}}}"},"spec":{"replicas":4}}""", "autoscaling/v1", "Scale", "io.k8s.api.autoscaling.v1.Scale");
        var scaled = await api.SendAsync("PUT", path + "/web/scale", bytes: scale, contentType: "application/vnd.kubernetes.protobuf");
        Assert.Equal((200, "4"), (scaled.Code, scaled.At("spec.replicas")));

        var token = Protobuf("""{"spec":{"audiences":["mine"],"expirationSeconds":700}}""", "authentication.k8s.io/v1", "TokenRequest", "io.k8s.api.authentication.v1.TokenRequest");
        var issued = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", bytes: token, contentType: "application/vnd.kubernetes.protobuf", accept: "application/vnd.kubernetes.protobuf");
        Assert.Equal((201, "application/vnd.kubernetes.protobuf"), (issued.Code, issued.Headers.ContentType.ToString()));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/yaml")]
    [InlineData("application/vnd.kubernetes.protobuf")]
    public async Task ALongAnswer_IsCompressed_WhereTheClientTakesIt(string accept)
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await api.SendAsync("POST", path, $$$"""{"metadata":{"name":"a"},"data":{"n":"{{{new string('x', 200_000)}}}"}}""");
        foreach (var target in (string[])[path, path + "/a"])
        {
            var plain = await api.SendAsync("GET", target, accept: accept);
            var packed = await api.SendAsync("GET", target, accept: accept, headers: [("Accept-Encoding", "gzip")]);

            Assert.Equal(("", "gzip"), (plain.Headers.ContentEncoding.ToString(), packed.Headers.ContentEncoding.ToString()));
            using var unpacked = new MemoryStream();
            await using (var gzip = new GZipStream(new MemoryStream(packed.Bytes), CompressionMode.Decompress))
            {
                await gzip.CopyToAsync(unpacked, TestContext.Current.CancellationToken);
            }

            Assert.Equal(plain.Bytes, unpacked.ToArray());
        }
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/apis")]
    [InlineData("/api/v1")]
    [InlineData("/openapi/v2")]
    [InlineData("/openapi/v3")]
    [InlineData("/openapi/v3/api/v1")]
    public async Task ADocument_IsNotSentTwice(string path)
    {
        var first = await api.SendAsync("GET", path);
        var tag = first.Headers.ETag.ToString();
        Assert.NotEmpty(tag);

        var again = await api.SendAsync("GET", path, headers: [("If-None-Match", tag)]);
        var other = await api.SendAsync("GET", path, headers: [("If-None-Match", "\"other\"")]);

        Assert.Equal((304, 0, 200), (again.Code, again.Bytes.Length, other.Code));
    }

    [Fact]
    public async Task TheOlderWayToWatch_IsServed()
    {
        var ns = await api.NamespaceAsync();
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"a"}}""");
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"b"}}""");

        var all = await api.SendAsync("GET", $"/api/v1/watch/namespaces/{ns}/configmaps?timeoutSeconds=1");
        var one = await api.SendAsync("GET", $"/api/v1/watch/namespaces/{ns}/configmaps/b?timeoutSeconds=1");

        Assert.Equal(["a", "b"], Names(all));
        Assert.Equal(["b"], Names(one));

        static IEnumerable<string> Names(ApiResponse answer) =>
            answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!["object"]!["metadata"]!["name"]!.ToString());
    }

    [Fact]
    public async Task APod_IsBound_AlsoByTheCollectionOfBindings()
    {
        var ns = await api.NamespaceAsync();
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");

        var bound = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/bindings", """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"node-7"}}""");
        var nameless = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/bindings", """{"target":{"kind":"Node","name":"node-7"}}""");

        Assert.Equal((201, "Success"), (bound.Code, bound.At("status")));
        Assert.Equal(400, nameless.Code);
        Assert.Equal("node-7", (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/p")).At("spec.nodeName"));
    }

    private static byte[] Protobuf(string json, string apiVersion, string kind, string definition)
    {
        using var output = new ProtobufBuffer();
        ProtobufTranscoder.WriteObject(Encoding.UTF8.GetBytes(json), BuiltInTypes.Schemas.Find(definition)!, apiVersion, kind, output);
        return output.Written.ToArray();
    }
}
