using System.Text.Json.Nodes;
using static KubeAspire.ApiServer.Tests.CustomResources.Definitions;

namespace KubeAspire.ApiServer.Tests.CustomResources;

/// <summary>Custom resources through the verbs: shape, values, halves, versions, columns, selectors.</summary>
public sealed class ServingTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string TableV1 = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    private const string Subresources = """
            ,
            "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}}
            """;

    private async Task<(string Path, string Group)> WidgetsAsync(string schema = Schema, string version = Subresources, string names = "")
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group, schema, version, names));
        return ($"/apis/{group}/v1/namespaces/{await api.NamespaceAsync()}/widgets", group);
    }

    [Fact]
    public async Task AnObject_IsCreatedReadListedWatchedChangedAndDeleted()
    {
        var (path, group) = await WidgetsAsync();
        var made = await api.SendAsync("POST", path, $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"replicas":1,"ports":[],"note":null,"free":{"x":[1.5,{"y":null}]}},"status":{"phase":"seeded"}}""");
        Assert.Equal(201, made.Code);
        Assert.Equal(("red", "1", "1", ""), (made.At("spec.color"), made.At("metadata.generation"), made.At("spec.replicas"), made.At("status.phase")));
        Assert.Equal("""{"replicas":1,"ports":[],"note":null,"free":{"x":[1.5,{"y":null}]},"color":"red"}""", made.Json["spec"]!.ToJsonString());

        Assert.Equal(made.Text, (await api.SendAsync("GET", path + "/a")).Text);
        var list = await api.SendAsync("GET", path);
        Assert.Equal(("WidgetList", $"{group}/v1", "a"), (list.At("kind"), list.At("apiVersion"), list.At("items.0.metadata.name")));
        Assert.Equal(409, (await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""")).Code);

        var patched = await api.SendAsync("PATCH", path + "/a", """{"spec":{"color":"blue"},"status":{"phase":"no"}}""", "application/merge-patch+json");
        Assert.Equal((200, "blue", "2", ""), (patched.Code, patched.At("spec.color"), patched.At("metadata.generation"), patched.At("status.phase")));
        var json = await api.SendAsync("PATCH", path + "/a", """[{"op":"replace","path":"/spec/replicas","value":2}]""", "application/json-patch+json");
        Assert.Equal((200, "3"), (json.Code, json.At("metadata.generation")));
        var relabelled = await api.SendAsync("PATCH", path + "/a", """{"metadata":{"labels":{"l":"1"}}}""", "application/merge-patch+json");
        Assert.Equal("3", relabelled.At("metadata.generation"));

        var changes = (await api.SendAsync("GET", $"{path}?watch=true&resourceVersion={made.At("metadata.resourceVersion")}&timeoutSeconds=1")).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, changes.Length);
        Assert.Equal("MODIFIED", JsonNode.Parse(changes[0])!["type"]!.ToString());
        Assert.Equal("a", (await api.SendAsync("GET", path + "?labelSelector=l%3D1")).At("items.0.metadata.name"));

        Assert.Equal("Success", (await api.SendAsync("DELETE", path + "/a")).At("status"));
        var missing = await api.SendAsync("GET", path + "/a");
        Assert.Equal((404, $"widgets.{group} \"a\" not found"), (missing.Code, missing.Message));
    }

    [Fact]
    public async Task Status_IsItsOwnHalf_AndScaleAnother()
    {
        var (path, _) = await WidgetsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a","labels":{"keep":"1"}},"spec":{"replicas":1}}""");
        var status = await api.SendAsync("PATCH", path + "/a/status", """{"metadata":{"labels":{"keep":"2"}},"spec":{"replicas":9},"status":{"replicas":1,"selector":"app=a"}}""", "application/merge-patch+json");
        Assert.Equal((200, "1", "1", "1", "1"), (status.Code, status.At("spec.replicas"), status.At("status.replicas"), status.At("metadata.generation"), status.At("metadata.labels.keep")));

        var scale = await api.SendAsync("GET", path + "/a/scale");
        Assert.Equal(("Scale", "1", "1", "app=a"), (scale.At("kind"), scale.At("spec.replicas"), scale.At("status.replicas"), scale.At("status.selector")));
        var scaled = await api.SendAsync("PATCH", path + "/a/scale", """{"spec":{"replicas":4}}""", "application/merge-patch+json");
        Assert.Equal((200, "4"), (scaled.Code, scaled.At("spec.replicas")));
        var whole = await api.SendAsync("GET", path + "/a");
        Assert.Equal(("4", "2", "1"), (whole.At("spec.replicas"), whole.At("metadata.generation"), whole.At("status.replicas")));
        Assert.Equal(422, (await api.SendAsync("PATCH", path + "/a/scale", """{"spec":{"replicas":-1}}""", "application/merge-patch+json")).Code);
        Assert.Equal(422, (await api.SendAsync("PATCH", path + "/a/scale", """{"spec":{"replicas":11}}""", "application/merge-patch+json")).Code); // The schema's maximum.
    }

    [Fact]
    public async Task WithoutSubresources_StatusIsAFieldLikeOthers()
    {
        var (path, _) = await WidgetsAsync(version: "");
        var made = await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"status":{"phase":"seeded"}}""");
        Assert.Equal("seeded", made.At("status.phase"));
        var patched = await api.SendAsync("PATCH", path + "/a", """{"status":{"phase":"new"}}""", "application/merge-patch+json");
        Assert.Equal(("new", "2"), (patched.At("status.phase"), patched.At("metadata.generation")));
        Assert.Equal(404, (await api.SendAsync("GET", path + "/a/status")).Code);
        Assert.Equal(404, (await api.SendAsync("GET", path + "/a/scale")).Code);
    }

    [Theory]
    [InlineData("""{"spec":{"replicas":"two"}}""", "spec.replicas", "Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"")]
    [InlineData("""{"spec":{"replicas":11}}""", "spec.replicas", "Invalid value: 11: spec.replicas in body should be less than or equal to 10")]
    [InlineData("""{"spec":{"color":"pink"}}""", "spec.color", "Unsupported value: \"pink\": supported values: \"red\", \"green\", \"blue\"")]
    [InlineData("""{"spec":{"ports":[{"port":1}]}}""", "spec.ports[0].name", "Required value")]
    [InlineData("""{"spec":{"ports":[{"name":"a"},{"name":"a"}]}}""", "spec.ports[1]", "Duplicate value: ")]
    [InlineData("""{"metadata":{"labels":{"a b":"c"}}}""", "metadata.labels", "Invalid value: \"a b\"")]
    public async Task ABrokenValue_IsInvalid(string broken, string field, string message)
    {
        var (path, _) = await WidgetsAsync();
        var value = (JsonObject)JsonNode.Parse(broken)!;
        var metadata = value["metadata"] as JsonObject ?? [];
        metadata["name"] = "a";
        value["metadata"] = metadata.DeepClone();
        var refused = await api.SendAsync("POST", path, value.ToJsonString());
        Assert.Equal((422, "Invalid"), (refused.Code, refused.Reason));
        Assert.StartsWith("Widget.", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"{field}: {message}", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"spec":"x"}""")]
    [InlineData("""{"spec":[]}""")]
    [InlineData("""{"spec":{"ports":"x"}}""")]
    [InlineData("""{"spec":{"ports":["x",1,null,[]]}}""")]
    [InlineData("""{"spec":{"ports":{"name":"a"}}}""")]
    [InlineData("""{"spec":{"ports":[{"name":{}}]}}""")]
    [InlineData("""{"spec":{"replicas":1e400}}""")]
    [InlineData("""{"spec":{"replicas":1.5}}""")]
    [InlineData("""{"spec":{"color":null,"replicas":[1]}}""")]
    [InlineData("""{"metadata":{"labels":"x"}}""")]
    [InlineData("""{"metadata":"x"}""")]
    [InlineData("""{"status":7}""")]
    public async Task AWrongShape_IsRefused_HoweverItIsSent(string body)
    {
        var (path, group) = await WidgetsAsync(version: "");
        var value = (JsonObject)JsonNode.Parse(body)!;
        (value["apiVersion"], value["kind"]) = ($"{group}/v1", "Widget");
        if (value["metadata"] is null or JsonObject)
        {
            var metadata = value["metadata"]?.DeepClone() as JsonObject ?? [];
            metadata["name"] = "a";
            value["metadata"] = metadata;
        }

        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        foreach (var (method, target, type) in new[]
        {
            ("POST", path, "application/json"), ("PUT", path + "/a", "application/json"), ("PATCH", path + "/a", "application/merge-patch+json"),
            ("PATCH", path + "/a?fieldManager=m", "application/apply-patch+yaml"), ("PATCH", path + "/new?fieldManager=m", "application/apply-patch+yaml"),
        })
        {
            var sent = target.Contains("new", StringComparison.Ordinal) ? value.ToJsonString().Replace("\"a\"", "\"new\"", StringComparison.Ordinal) : value.ToJsonString();
            var refused = await api.SendAsync(method, target, sent, type);
            Assert.True(refused.Code is 400 or 422, $"{method} {type}: {refused.Code} {refused.Text}");
        }
    }

    [Fact]
    public async Task AnOldFault_IsNotHeldAgainstAnotherChange()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group));
        var path = $"/apis/{group}/v1/namespaces/{await api.NamespaceAsync()}/widgets";
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"spec":{"replicas":9,"color":"red"}}""");
        await ChangeAsync(group, spec => spec["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["replicas"]!["maximum"] = 5);
        Assert.Equal(200, (await api.SendAsync("PATCH", path + "/a", """{"spec":{"color":"blue"}}""", "application/merge-patch+json")).Code);
        Assert.Equal(422, (await api.SendAsync("PATCH", path + "/a", """{"spec":{"replicas":8}}""", "application/merge-patch+json")).Code);
        Assert.Equal(200, (await api.SendAsync("PATCH", path + "/a", """{"spec":{"replicas":5}}""", "application/merge-patch+json")).Code);
    }

    [Fact]
    public async Task UnknownFields_ArePrunedToldOrRefused()
    {
        var (path, _) = await WidgetsAsync();
        const string Body = """{"metadata":{"name":"NAME","odd":1},"spec":{"foo":"bar","free":{"foo":1},"ports":[{"name":"a","bar":1}]}}""";
        var refused = await api.SendAsync("POST", path + "?fieldValidation=Strict", Body.Replace("NAME", "a", StringComparison.Ordinal));
        Assert.Equal((400, "BadRequest"), (refused.Code, refused.Reason));
        Assert.Equal("Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"metadata.odd\", unknown field \"spec.foo\", unknown field \"spec.ports[0].bar\"", refused.Message);

        var warned = await api.SendAsync("POST", path + "?fieldValidation=Warn", Body.Replace("NAME", "b", StringComparison.Ordinal));
        Assert.Equal((201, "", "1"), (warned.Code, warned.At("spec.foo"), warned.At("spec.free.foo")));
        Assert.Contains("299 - \"unknown field \\\"spec.foo\\\"\"", warned.Headers["Warning"].ToArray());
        Assert.Empty((await api.SendAsync("POST", path + "?fieldValidation=Ignore", Body.Replace("NAME", "c", StringComparison.Ordinal))).Headers["Warning"].ToArray());
        var duplicate = await api.SendAsync("POST", path + "?fieldValidation=Strict", """{"metadata":{"name":"d"},"spec":{"color":"red","color":"blue"}}""");
        Assert.Contains("duplicate field \"spec.color\"", duplicate.Message, StringComparison.Ordinal);
        Assert.Equal(422, (await api.SendAsync("PATCH", path + "/b?fieldValidation=Strict", """{"spec":{"foo":1}}""", "application/merge-patch+json")).Code);
    }

    [Theory]
    [InlineData("POST", "application/vnd.kubernetes.protobuf", "")]
    [InlineData("PATCH", "application/strategic-merge-patch+json", "/a")]
    public async Task WhatNeedsNumbersOrTypes_IsNotUnderstood(string method, string contentType, string name)
    {
        var (path, _) = await WidgetsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        var refused = await api.SendAsync(method, path + name, "{}", contentType);
        Assert.Equal((415, "UnsupportedMediaType"), (refused.Code, refused.Reason));
    }

    [Fact]
    public async Task Columns_AreThoseOfTheDefinition_OrNameAndAge()
    {
        var (path, _) = await WidgetsAsync(version: """
            ,
            "additionalPrinterColumns":[{"name":"Color","type":"string","jsonPath":".spec.color"},{"name":"Replicas","type":"integer","jsonPath":".spec.replicas","priority":1},
            {"name":"First","type":"integer","jsonPath":".spec.ports[?(@.name==\"a\")].port"},{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]
            """);
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"spec":{"replicas":2,"ports":[{"name":"b","port":1},{"name":"a","port":2}]}}""");
        await api.SendAsync("POST", path, """{"metadata":{"name":"b"}}""");
        var table = await api.SendAsync("GET", path, accept: TableV1);
        Assert.Equal(["Name", "Color", "Replicas", "First", "Age"], (table.Json["columnDefinitions"] as JsonArray)!.Select(column => column!["name"]!.ToString()));
        Assert.Equal("1", table.At("columnDefinitions.2.priority"));
        Assert.Equal("""["a","red",2,2,""", table.Json["rows"]![0]!["cells"]!.ToJsonString()[..15]);
        Assert.Equal("""["b",null,null,null,""", table.Json["rows"]![1]!["cells"]!.ToJsonString()[..20]);

        var (plain, _) = await WidgetsAsync();
        Assert.Equal(["Name", "Age"], ((await api.SendAsync("GET", plain, accept: TableV1)).Json["columnDefinitions"] as JsonArray)!.Select(column => column!["name"]!.ToString()));
    }

    [Fact]
    public async Task SelectableFields_Select()
    {
        var (path, _) = await WidgetsAsync(version: """
            ,
            "selectableFields":[{"jsonPath":".spec.color"},{"jsonPath":".spec.replicas"}]
            """);
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"spec":{"color":"blue","replicas":2}}""");
        await api.SendAsync("POST", path, """{"metadata":{"name":"b"},"spec":{"color":"green"}}""");
        Assert.Equal("a", Names(await api.SendAsync("GET", path + "?fieldSelector=spec.color%3Dblue")));
        Assert.Equal("a", Names(await api.SendAsync("GET", path + "?fieldSelector=spec.replicas%3D2")));
        Assert.Equal("b", Names(await api.SendAsync("GET", path + "?fieldSelector=spec.color!%3Dblue")));
        var refused = await api.SendAsync("GET", path + "?fieldSelector=spec.note%3D1");
        Assert.Equal((400, "field label not supported: spec.note"), (refused.Code, refused.Message));
        Assert.Equal(200, (await api.SendAsync("DELETE", path + "?fieldSelector=spec.color%3Dblue")).Code);
        Assert.Equal("b", Names(await api.SendAsync("GET", path)));
    }

    [Fact]
    public async Task ServerSideApply_SharesAListMap()
    {
        var (path, group) = await WidgetsAsync();
        string Applied(string name, int port) => $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"ports":[{"name":"{{{name}}}","port":{{{port}}}}]}}""";
        Assert.Equal(201, (await api.SendAsync("PATCH", path + "/a?fieldManager=one", Applied("http", 80), "application/apply-patch+yaml")).Code);
        var both = await api.SendAsync("PATCH", path + "/a?fieldManager=two", Applied("https", 443), "application/apply-patch+yaml");
        Assert.Equal((200, 2), (both.Code, ((JsonArray)both.Json["spec"]!["ports"]!).Count));
        var conflict = await api.SendAsync("PATCH", path + "/a?fieldManager=two", Applied("http", 81), "application/apply-patch+yaml");
        Assert.Equal((409, "Conflict"), (conflict.Code, conflict.Reason));
        Assert.Contains("conflict with \"one\": .spec.ports[name=\"http\"].port", conflict.Message, StringComparison.Ordinal);
        Assert.Equal(200, (await api.SendAsync("PATCH", path + "/a?fieldManager=two&force=true", Applied("http", 81), "application/apply-patch+yaml")).Code);
    }

    [Fact]
    public async Task SeveralVersions_ShowOneObject()
    {
        var group = Group();
        var definition = (JsonObject)JsonNode.Parse(Widgets(group))!;
        var versions = (JsonArray)definition["spec"]!["versions"]!;
        var second = versions[0]!.DeepClone();
        (second["name"], second["storage"]) = ("v2", false);
        versions.Add(second);
        await api.EstablishAsync(definition.ToJsonString());
        var ns = await api.NamespaceAsync();
        var (one, two) = ($"/apis/{group}/v1/namespaces/{ns}/widgets", $"/apis/{group}/v2/namespaces/{ns}/widgets");
        await api.SendAsync("POST", one, """{"metadata":{"name":"a"}}""");
        Assert.Equal(201, (await api.SendAsync("POST", two, $$$"""{"apiVersion":"{{{group}}}/v2","kind":"Widget","metadata":{"name":"b"}}""")).Code);
        Assert.Equal(($"{group}/v2", "a"), ((await api.SendAsync("GET", two + "/a")).At("apiVersion"), (await api.SendAsync("GET", two + "/a")).At("metadata.name")));
        Assert.Equal($"{group}/v1", (await api.SendAsync("GET", one + "/b")).At("apiVersion"));

        await ChangeAsync(group, spec => (spec["versions"]![0]!["storage"], spec["versions"]![1]!["storage"]) = (false, true));
        Assert.Equal(["v1", "v2"], ((JsonArray)(await api.SendAsync("GET", $"{Collection}/widgets.{group}")).Json["status"]!["storedVersions"]!).Select(version => version!.ToString()));
        Assert.Equal($"{group}/v2", (await api.SendAsync("GET", two)).At("items.0.apiVersion"));
        Assert.Equal("a b", Names(await api.SendAsync("GET", two)));
        var gone = (JsonObject)(await api.SendAsync("GET", $"{Collection}/widgets.{group}")).Json;
        ((JsonArray)gone["spec"]!["versions"]!).RemoveAt(0);
        var refused = await api.SendAsync("PUT", $"{Collection}/widgets.{group}", gone.ToJsonString());
        Assert.Equal(422, refused.Code);
        Assert.Contains("status.storedVersions[0]: Invalid value: \"v1\"", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoredObjects_FollowTheSchema()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group));
        var path = $"/apis/{group}/v1/namespaces/{await api.NamespaceAsync()}/widgets";
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"spec":{"note":"n"}}""");
        await ChangeAsync(group, spec =>
        {
            var properties = (JsonObject)spec["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!;
            properties.Remove("note");
            properties["size"] = new JsonObject { ["type"] = "string", ["default"] = "small" };
        });
        Assert.Equal("""{"color":"red","size":"small"}""", (await api.SendAsync("GET", path + "/a")).Json["spec"]!.ToJsonString());
        Assert.Equal("small", (await api.SendAsync("GET", path)).At("items.0.spec.size"));
    }

    [Fact]
    public async Task ADeprecatedVersion_Warns()
    {
        var (path, group) = await WidgetsAsync(version: ",\"deprecated\":true");
        Assert.Contains($"299 - \"{group}/v1 Widget is deprecated\"", (await api.SendAsync("GET", path)).Headers["Warning"].ToArray());
        var (told, _) = await WidgetsAsync(version: ",\"deprecated\":true,\"deprecationWarning\":\"use gadgets\"");
        Assert.Contains("299 - \"use gadgets\"", (await api.SendAsync("GET", told)).Headers["Warning"].ToArray());
    }

    [Fact]
    public async Task Rights_AreAskedByNameAndGroup()
    {
        var (path, group) = await WidgetsAsync();
        var ns = path.Split('/')[^2];
        Assert.Equal(403, (await api.SendAsync("GET", path, user: "jane")).Code);
        await api.SendAsync("POST", $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles", $$$"""{"metadata":{"name":"r"},"rules":[{"apiGroups":["{{{group}}}"],"resources":["*"],"verbs":["list"]}]}""");
        await api.SendAsync("POST", $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", """{"metadata":{"name":"r"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"jane"}]}""");
        await api.EventuallyAsync(async () => (await api.SendAsync("GET", path, user: "jane")).Code == 200);
        Assert.Equal(403, (await api.SendAsync("GET", path + "/a", user: "jane")).Code);
        var review = await api.SendAsync("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            $$$"""{"spec":{"resourceAttributes":{"namespace":"{{{ns}}}","verb":"list","group":"{{{group}}}","resource":"widgets"} } }""", user: "jane");
        Assert.Equal("true", review.At("status.allowed"));
    }

    [Fact]
    public async Task AQuota_CountsThem()
    {
        var (path, group) = await WidgetsAsync();
        var ns = path.Split('/')[^2];
        Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/resourcequotas", $$$"""{"metadata":{"name":"q"},"spec":{"hard":{"count/widgets.{{{group}}}":"2"} } }""")).Code);
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(number => api.SendAsync("POST", path, $$$"""{"metadata":{"name":"w{{{number}}}"}}""")));
        Assert.Equal(2, answers.Count(answer => answer.Code == 201));
        Assert.All(answers.Where(answer => answer.Code != 201), answer => Assert.Contains("exceeded quota: q", answer.Message, StringComparison.Ordinal));
    }

    // Changes a definition's spec, and waits until it is served so.
    private async Task ChangeAsync(string group, Action<JsonNode> change)
    {
        var definition = (await api.SendAsync("GET", $"{Collection}/widgets.{group}")).Json;
        var before = api.Server.Kinds.Find(group, "v1", "widgets");
        change(definition["spec"]!);
        var changed = await api.SendAsync("PUT", $"{Collection}/widgets.{group}", definition.ToJsonString());
        Assert.True(changed.Code == 200, changed.Text);
        await api.EventuallyAsync(() => Task.FromResult(api.Server.Kinds.Find(group, "v1", "widgets") != before));
    }

    private static string Names(ApiResponse list) => string.Join(' ', ((JsonArray)list.Json["items"]!).Select(item => item!["metadata"]!["name"]!.ToString()));
}
