using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>What the API is told, over bare HTTP: bodies, patches, deletes, and many writers of one object.</summary>
[Collection(SharedCluster.Name)]
public sealed class ApiWriteTests(ClusterFixture fixture)
{
    private const string Json = "application/json";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private Cluster Cluster => fixture.Cluster;

    [Fact]
    public async Task YamlAndProtobufBodies_AreRead_AndYamlIsWritten()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-bodies");
        var path = "/api/v1/namespaces/api-bodies/configmaps";
        Assert.Equal(201, (await Cluster.SendAsync("POST", path, "application/yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata:\n  text: |\n    one\n    two\n")).Status);
        Assert.Equal("one\ntwo\n", (await Cluster.SendAsync("GET", $"{path}/yaml")).Body.GetProperty("data").GetProperty("text").GetString());

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new ByteArrayContent(ProtobufConfigMap("proto", "k", "v")) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.kubernetes.protobuf");
        using var created = await Cluster.Admin.SendAsync(request);
        Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync());
        Assert.Equal("v", (await Cluster.SendAsync("GET", $"{path}/proto")).Body.GetProperty("data").GetProperty("k").GetString());

        using var yaml = new HttpRequestMessage(HttpMethod.Get, new Uri($"{path}/yaml", UriKind.Relative));
        yaml.Headers.Accept.ParseAdd("application/yaml");
        using var answer = await Cluster.Admin.SendAsync(yaml);
        Assert.Equal("application/yaml", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("name: yaml\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryKindOfPatch_Works_AndAnApplyNamesItsConflict()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-patch");
        var path = "/apis/apps/v1/namespaces/api-patch/deployments/web";
        await ns.KubectlAsync("create deployment web --image=guestbook-redis:1 --replicas=0");
        async Task<JsonElement> Patched(string type, string body)
        {
            var answer = await Cluster.SendAsync("PATCH", path, type, body);
            Assert.True(answer.Status == 200, $"{type}: {answer}");
            return answer.Body.GetProperty("spec").GetProperty("template").GetProperty("spec").GetProperty("containers");
        }

        // Strategic merge adds to the list by name; merge replaces the list; JSON points into it.
        Assert.Equal(2, (await Patched("application/strategic-merge-patch+json", """{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"guestbook-redis:1"}]}}}}""")).GetArrayLength());
        Assert.Equal("one", Assert.Single((await Patched("application/merge-patch+json", """{"spec":{"template":{"spec":{"containers":[{"name":"one","image":"guestbook-redis:1"}]}}}}""")).EnumerateArray()).GetProperty("name").GetString());
        var byPointer = await Patched("application/json-patch+json", """[{"op":"test","path":"/spec/template/spec/containers/0/name","value":"one"},{"op":"replace","path":"/spec/template/spec/containers/0/name","value":"two"}]""");
        Assert.Equal("two", byPointer[0].GetProperty("name").GetString());
        Assert.Equal(422, (await Cluster.SendAsync("PATCH", path, "application/json-patch+json", """[{"op":"test","path":"/spec/replicas","value":9}]""")).Status);

        var applied = "/api/v1/namespaces/api-patch/configmaps/shared?fieldManager=";
        const string Apply = "application/apply-patch+yaml";
        Assert.Equal(201, (await Cluster.SendAsync("PATCH", applied + "first", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: one, mine: first}}")).Status);
        Assert.Equal(200, (await Cluster.SendAsync("PATCH", applied + "second", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {other: second}}")).Status);
        var conflict = await Cluster.SendAsync("PATCH", applied + "second", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: two, other: second}}");
        Assert.Equal(409, conflict.Status);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"first\": .data.k", conflict.Body.GetProperty("message").GetString());
        var cause = conflict.Body.GetProperty("details").GetProperty("causes")[0];
        Assert.Equal("FieldManagerConflict .data.k", $"{cause.GetProperty("reason").GetString()} {cause.GetProperty("field").GetString()}");
        var forced = await Cluster.SendAsync("PATCH", applied + "second&force=true", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: two, other: second}}");
        Assert.Equal(200, forced.Status);
        // What its manager no longer applies goes; what is another's stays.
        var left = (await Cluster.SendAsync("PATCH", applied + "first", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}}")).Body.GetProperty("data");
        Assert.Equal("k=two,other=second", string.Join(',', left.EnumerateObject().Select(pair => $"{pair.Name}={pair.Value.GetString()}").Order()));
        var kubectl = await Cluster.TryKubectlAsync("apply -n api-patch --server-side -f -", "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: three}}");
        Assert.Contains("Apply failed with 1 conflict: conflict with \"second\": .data.k", kubectl.Errors, StringComparison.Ordinal);

        // A manager that did not apply is named with the version that it used.
        Assert.Equal(200, (await Cluster.SendAsync("PATCH", applied + "third", "application/merge-patch+json", """{"data":{"k":"three"}}""")).Status);
        var updated = await Cluster.SendAsync("PATCH", applied + "second", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: two, other: second}}");
        Assert.Equal("Apply failed with 1 conflict: conflict with \"third\" using v1: .data.k", updated.Body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task DryRunLeavesNothing_AndGenerateNameMakesNames()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-create");
        var path = "/api/v1/namespaces/api-create/configmaps";
        Assert.Equal(201, (await Cluster.SendAsync("POST", path, Json, ApiCalls.ConfigMap("kept", ("k", "v")))).Status);
        var revision = ApiCalls.RevisionOf((await Cluster.SendAsync("GET", $"{path}/kept")).Body);
        Assert.Equal(201, (await Cluster.SendAsync("POST", $"{path}?dryRun=All", Json, ApiCalls.ConfigMap("dry"))).Status);
        Assert.Equal(404, (await Cluster.SendAsync("GET", $"{path}/dry")).Status);
        Assert.Equal("w", (await Cluster.SendAsync("PATCH", $"{path}/kept?dryRun=All", "application/merge-patch+json", """{"data":{"k":"w"}}""")).Body.GetProperty("data").GetProperty("k").GetString());
        Assert.Equal(200, (await Cluster.SendAsync("DELETE", $"{path}/kept?dryRun=All")).Status);
        Assert.Equal(200, (await Cluster.SendAsync("DELETE", $"{path}?dryRun=All")).Status);
        Assert.Equal(revision, ApiCalls.RevisionOf((await Cluster.SendAsync("GET", $"{path}/kept")).Body));
        Assert.Contains("created (server dry run)", await ns.KubectlAsync("create configmap dry --from-literal=a=b --dry-run=server"), StringComparison.Ordinal);

        var made = new HashSet<string>();
        for (var count = 0; count < 5; count++)
        {
            var name = ApiCalls.NameOf((await Cluster.SendAsync("POST", path, Json, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"made-"}}""")).Body);
            Assert.Matches("^made-[a-z0-9]{5}$", name);
            Assert.True(made.Add(name));
        }
    }

    [Fact]
    public async Task FinalizersHoldADelete_AndOwnersTakeTheirDependents()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-delete");
        var path = "/api/v1/namespaces/api-delete/configmaps";
        const string Release = """{"metadata":{"finalizers":null}}""";
        await Cluster.SendAsync("POST", path, Json, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","finalizers":["example.com/hold"]}}""");
        Assert.Equal(200, (await Cluster.SendAsync("DELETE", $"{path}/held")).Status);
        var held = (await Cluster.SendAsync("GET", $"{path}/held")).Body.GetProperty("metadata");
        Assert.True(held.TryGetProperty("deletionTimestamp", out JsonElement _));
        var added = await Cluster.SendAsync("PATCH", $"{path}/held", "application/merge-patch+json", """{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}""");
        Assert.Equal(422, added.Status);
        Assert.Contains("no new finalizers can be added if the object is being deleted", added.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await Cluster.SendAsync("PATCH", $"{path}/held", "application/merge-patch+json", Release)).Status);
        Assert.Equal(404, (await Cluster.SendAsync("GET", $"{path}/held")).Status);

        foreach (var policy in new[] { "Background", "Foreground", "Orphan" })
        {
            var (owner, child) = ($"owner-{policy}".ToLowerInvariant(), $"child-{policy}".ToLowerInvariant());
            var uid = (await Cluster.SendAsync("POST", path, Json, ApiCalls.ConfigMap(owner))).Body.GetProperty("metadata").GetProperty("uid").GetString();
            await Cluster.SendAsync("POST", path, Json, $$"""
                {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{child}}","finalizers":["example.com/hold"],
                 "ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"{{owner}}","uid":"{{uid}}","blockOwnerDeletion":true}] } }
                """);
            Assert.Equal(200, (await Cluster.SendAsync("DELETE", $"{path}/{owner}", Json, $$"""{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"{{policy}}"}""")).Status);
            if (policy == "Orphan")
            {
                await GoneAsync($"{path}/{owner}");
                var orphan = (await Cluster.SendAsync("GET", $"{path}/{child}")).Body.GetProperty("metadata");
                Assert.False(orphan.TryGetProperty("ownerReferences", out var owners) && owners.GetArrayLength() > 0);
                Assert.False(orphan.TryGetProperty("deletionTimestamp", out JsonElement _));
                await Cluster.SendAsync("PATCH", $"{path}/{child}", "application/merge-patch+json", Release);
                continue;
            }

            await Eventually.IsAsync($"the deletion of {child}", s_patience, async () => (await Cluster.SendAsync("GET", $"{path}/{child}")).Body,
                body => body.GetProperty("metadata").TryGetProperty("deletionTimestamp", out JsonElement _));
            // In the foreground the owner waits for what blocks it; in the background it went first.
            Assert.Equal(policy == "Foreground" ? 200 : 404, (await Cluster.SendAsync("GET", $"{path}/{owner}")).Status);
            Assert.Equal(200, (await Cluster.SendAsync("PATCH", $"{path}/{child}", "application/merge-patch+json", Release)).Status);
            await GoneAsync($"{path}/{child}");
            await GoneAsync($"{path}/{owner}");
        }

        foreach (var name in new[] { "one", "two" })
        {
            await ns.KubectlAsync("create -f -", $"---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, labels: {{set: {name}}}}}}}");
        }

        Assert.Equal(200, (await Cluster.SendAsync("DELETE", $"{path}?labelSelector=set%3Done")).Status);
        Assert.Equal(404, (await Cluster.SendAsync("GET", $"{path}/one")).Status);
        Assert.Equal(200, (await Cluster.SendAsync("GET", $"{path}/two")).Status);
    }

    [Fact]
    public async Task TwentyWritersOfOneObject_LoseNoWrite()
    {
        Cluster.RequireMachine();
        const int Writers = 20, Each = 5;
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-writers");
        var path = "/api/v1/namespaces/api-writers/configmaps";
        await Cluster.SendAsync("POST", path, Json, ApiCalls.ConfigMap("counter", ("count", "0")));
        var conflicts = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (var written = 0; written < Each;)
            {
                var current = (await Cluster.SendAsync("GET", $"{path}/counter")).Body;
                var count = int.Parse(current.GetProperty("data").GetProperty("count").GetString()!);
                var answer = await Cluster.SendAsync("PUT", $"{path}/counter", Json,
                    $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"counter","resourceVersion":"{{{ApiCalls.RevisionOf(current)}}}"},"data":{"count":"{{{count + 1}}}"}}""");
                if (answer.Status == 200)
                {
                    written++;
                    continue;
                }

                Assert.True(answer.Status == 409, answer.ToString());
                Assert.Equal("Operation cannot be fulfilled on configmaps \"counter\": the object has been modified; please apply your changes to the latest version and try again", answer.Body.GetProperty("message").GetString());
                Interlocked.Increment(ref conflicts);
            }

            // A patch names no revision: the server repeats it, and all of them count.
            Assert.Equal(200, (await Cluster.SendAsync("PATCH", $"{path}/counter", "application/merge-patch+json", $$$"""{"metadata":{"labels":{"writer-{{{writer}}}":"was-here"} } }""")).Status);
        }));
        var end = (await Cluster.SendAsync("GET", $"{path}/counter")).Body;
        Assert.Equal($"{Writers * Each}", end.GetProperty("data").GetProperty("count").GetString());
        Assert.True(conflicts > 0, "the writers never met: nothing is proved");
        // The last PUT drops labels that patches set before it; the writers that patched after it stay.
        Assert.True(end.GetProperty("metadata").TryGetProperty("labels", out var labels) && labels.EnumerateObject().Any());
    }

    [Fact]
    public async Task StatusAndSpec_AreWrittenApart()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-status");
        var path = "/apis/networking.k8s.io/v1/namespaces/api-status/ingresses";
        static string Body(string host, string address, string revision) => $$$"""
            {"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"apart","resourceVersion":"{{{revision}}}"},
             "spec":{"ingressClassName":"nobodys","rules":[{"host":"{{{host}}}"}]},"status":{"loadBalancer":{"ingress":[{"ip":"{{{address}}}"}]} } }
            """;
        static string Read(JsonElement body) =>
            $"{body.GetProperty("spec").GetProperty("rules")[0].GetProperty("host").GetString()} "
            + (body.TryGetProperty("status", out var status) && status.TryGetProperty("loadBalancer", out var balancer) && balancer.TryGetProperty("ingress", out var ingress) ? ingress[0].GetProperty("ip").GetString() : "none")
            + $" {body.GetProperty("metadata").GetProperty("generation").GetInt32()}";
        var created = (await Cluster.SendAsync("POST", path, Json, Body("one.test", "192.0.2.1", ""))).Body;
        Assert.Equal("one.test none 1", Read(created));
        var status = (await Cluster.SendAsync("PUT", $"{path}/apart/status", Json, Body("two.test", "192.0.2.2", ApiCalls.RevisionOf(created)))).Body;
        Assert.Equal("one.test 192.0.2.2 1", Read(status));
        var spec = (await Cluster.SendAsync("PUT", $"{path}/apart", Json, Body("three.test", "192.0.2.3", ApiCalls.RevisionOf(status)))).Body;
        Assert.Equal("three.test 192.0.2.2 2", Read(spec));
        Assert.Equal("three.test 192.0.2.2 2", Read((await Cluster.SendAsync("GET", $"{path}/apart/status")).Body));
    }

    private async Task GoneAsync(string path) =>
        await Eventually.IsAsync($"the end of {path}", s_patience, async () => (await Cluster.SendAsync("GET", path)).Status, status => status == 404);

    // The envelope "k8s\0" + runtime.Unknown {typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2}, and in it a ConfigMap {metadata = 1 {name = 1}, data = 2 {key = 1, value = 2}}.
    private static byte[] ProtobufConfigMap(string name, string key, string value)
    {
        var type = Message((1, ByteString.CopyFromUtf8("v1")), (2, ByteString.CopyFromUtf8("ConfigMap")));
        var map = Message((1, Message((1, ByteString.CopyFromUtf8(name)))), (2, Message((1, ByteString.CopyFromUtf8(key)), (2, ByteString.CopyFromUtf8(value)))));
        return [.. "k8s\0"u8, .. Message((1, type), (2, map)).Span];
    }

    private static ByteString Message(params (int Field, ByteString Value)[] fields)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            foreach (var (field, value) in fields)
            {
                output.WriteTag(field, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(value);
            }
        }

        return ByteString.CopyFrom(bytes.ToArray());
    }
}
