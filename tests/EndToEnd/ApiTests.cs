using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>The API as clients of every kind use it: over bare HTTP, and with kubectl. Helm is driven by tests/Conformance.</summary>
[Collection(SharedCluster.Name)]
public sealed class ApiTests(ClusterFixture fixture)
{
    private const string Json = "application/json";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private Cluster Cluster => fixture.Cluster;

    [Fact]
    public async Task AListInPages_IsOneMoment_WhileWritesGoOn()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-pages");
        var path = "/api/v1/namespaces/api-pages/configmaps";
        var names = Enumerable.Range(0, 520).Select(number => $"item-{number:d4}").ToArray();
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (name, _) =>
            Assert.Equal(201, (await SendAsync("POST", path, Json, ConfigMap(name, ("number", name)))).Status));
        await Eventually.IsAsync("the root certificate", s_patience, async () => (await SendAsync("GET", $"{path}/kube-root-ca.crt")).Status, status => status == 200);

        var seen = new List<string>();
        var revisions = new HashSet<string>();
        var (next, page) = ("", 0);
        do
        {
            var list = (await SendAsync("GET", $"{path}?limit=100&continue={Uri.EscapeDataString(next)}")).Body;
            var items = list.GetProperty("items").EnumerateArray().ToList();
            Assert.All(items, item => Assert.False(item.TryGetProperty("data", out var data) && data.TryGetProperty("late", out JsonElement _)));
            seen.AddRange(items.Select(NameOf));
            revisions.Add(RevisionOf(list));
            next = list.GetProperty("metadata").TryGetProperty("continue", out var token) ? token.GetString()! : "";
            Assert.Equal(next.Length > 0 ? 521 - seen.Count : 0, list.GetProperty("metadata").TryGetProperty("remainingItemCount", out var left) ? left.GetInt32() : 0);
            // Behind and ahead of the page: none of it belongs to the moment that is listed.
            Assert.Equal(201, (await SendAsync("POST", path, Json, ConfigMap($"item-0{page}50x"))).Status);
            Assert.Equal(200, (await SendAsync("DELETE", $"{path}/item-{499 - page:d4}")).Status);
            Assert.Equal(200, (await SendAsync("PATCH", $"{path}/item-{510 - page:d4}", "application/merge-patch+json", """{"data":{"late":"yes"}}""")).Status);
            page++;
        }
        while (next.Length > 0);

        Assert.Equal(6, page);
        Assert.Single(revisions);
        Assert.Equal(names.Append("kube-root-ca.crt").Order(StringComparer.Ordinal), seen);
        var broken = await SendAsync("GET", $"{path}?limit=100&continue=nonsense");
        Assert.Equal(400, broken.Status);
        Assert.StartsWith("continue key is not valid", broken.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(521, (await SendAsync("GET", path)).Body.GetProperty("items").GetArrayLength());
        Assert.Equal(100, (await SendAsync("GET", $"{path}?limit=100&resourceVersion={revisions.Single()}&resourceVersionMatch=Exact")).Body.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task AWatch_BeginsWhereItIsTold_MarksTheEndOfTheInitialEvents_AndSelects()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-watch");
        var path = "/api/v1/namespaces/api-watch/configmaps";
        await Eventually.IsAsync("the root certificate", s_patience, async () => (await SendAsync("GET", $"{path}/kube-root-ca.crt")).Status, status => status == 200);
        var start = RevisionOf((await SendAsync("GET", path)).Body);
        await SendAsync("POST", path, Json, ConfigMap("a"));
        await SendAsync("PATCH", $"{path}/a", "application/merge-patch+json", """{"metadata":{"labels":{"colour":"red"}}}""");
        await SendAsync("POST", path, Json, ConfigMap("b"));
        await SendAsync("PATCH", $"{path}/a", "application/merge-patch+json", """{"metadata":{"labels":{"colour":"blue"}}}""");
        await SendAsync("DELETE", $"{path}/a");

        Assert.Equal(["ADDED a", "MODIFIED a", "ADDED b", "MODIFIED a", "DELETED a"], await WatchAsync($"{path}?resourceVersion={start}", 5));
        // A selection sees an object come and go with its label.
        Assert.Equal(["ADDED a", "DELETED a"], await WatchAsync($"{path}?resourceVersion={start}&labelSelector=colour%3Dred", 2));
        Assert.Equal(["ADDED b"], await WatchAsync($"{path}?resourceVersion={start}&fieldSelector=metadata.name%3Db", 1));
        Assert.Equal(["ADDED b", "ADDED kube-root-ca.crt", "BOOKMARK end"],
            await WatchAsync($"{path}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", 3));
        // The last bookmark comes shortly before the watch ends.
        Assert.Equal(["BOOKMARK"], await WatchAsync($"{path}?resourceVersion={RevisionOf((await SendAsync("GET", path)).Body)}&allowWatchBookmarks=true&timeoutSeconds=3", int.MaxValue));
        var ahead = await SendAsync("GET", $"{path}?resourceVersion=999999999999&timeoutSeconds=1");
        Assert.Equal(504, ahead.Status);
        Assert.Equal("Timeout", ahead.Body.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Selectors_Tables_AndMetadata_AreServed()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-shapes");
        var path = "/api/v1/namespaces/api-shapes/configmaps";
        foreach (var (name, labels) in new[] { ("a", "colour: red, size: big"), ("b", "colour: blue"), ("c", "size: small"), ("d", "colour: green") })
        {
            await ns.KubectlAsync("create -f -", $"---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, labels: {{mine: x, {labels}}}}}, data: {{k: v}}}}");
        }

        foreach (var (selector, wanted) in new[]
        {
            ("colour=red", "a"), ("colour!=red,mine", "b,c,d"), ("colour in (red,blue)", "a,b"), ("colour notin (red,blue),mine=x", "c,d"), ("mine,!colour", "c"), ("size", "a,c"), ("mine==x,size,colour", "a"),
        })
        {
            var list = (await SendAsync("GET", $"{path}?labelSelector={Uri.EscapeDataString(selector)}")).Body;
            Assert.Equal(wanted, string.Join(',', list.GetProperty("items").EnumerateArray().Select(NameOf)));
        }

        Assert.Equal("d", NameOf(Assert.Single((await SendAsync("GET", $"{path}?fieldSelector=metadata.name%3Dd,metadata.namespace%3Dapi-shapes")).Body.GetProperty("items").EnumerateArray())));
        Assert.Equal("b,c,d", string.Join(',', (await SendAsync("GET", $"{path}?labelSelector=mine&fieldSelector=metadata.name!%3Da")).Body.GetProperty("items").EnumerateArray().Select(NameOf)));

        var table = (await SendAsync("GET", $"{path}?labelSelector=mine", accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")).Body;
        Assert.Equal("Table", table.GetProperty("kind").GetString());
        Assert.Equal(["Name", "Data", "Age"], table.GetProperty("columnDefinitions").EnumerateArray().Select(column => column.GetProperty("name").GetString()!));
        var row = table.GetProperty("rows")[0];
        Assert.Equal("a", row.GetProperty("cells")[0].GetString());
        Assert.Equal("PartialObjectMetadata", row.GetProperty("object").GetProperty("kind").GetString());
        var metadata = (await SendAsync("GET", $"{path}?labelSelector=mine", accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")).Body;
        Assert.Equal("PartialObjectMetadataList", metadata.GetProperty("kind").GetString());
        Assert.Equal(4, metadata.GetProperty("items").GetArrayLength());
        Assert.False(metadata.GetProperty("items")[0].TryGetProperty("data", out JsonElement _));
        var single = (await SendAsync("GET", $"{path}/a", accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")).Body;
        Assert.Equal("meta.k8s.io/v1 PartialObjectMetadata a", $"{single.GetProperty("apiVersion").GetString()} {single.GetProperty("kind").GetString()} {NameOf(single)}");
        Assert.Equal(406, (await SendAsync("GET", $"{path}/a", accept: "text/html")).Status);
    }

    [Fact]
    public async Task YamlAndProtobufBodies_AreRead_AndYamlIsWritten()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-bodies");
        var path = "/api/v1/namespaces/api-bodies/configmaps";
        Assert.Equal(201, (await SendAsync("POST", path, "application/yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata:\n  text: |\n    one\n    two\n")).Status);
        Assert.Equal("one\ntwo\n", (await SendAsync("GET", $"{path}/yaml")).Body.GetProperty("data").GetProperty("text").GetString());

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new ByteArrayContent(ProtobufConfigMap("proto", "k", "v")) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.kubernetes.protobuf");
        using var created = await Cluster.Admin.SendAsync(request);
        Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync());
        Assert.Equal("v", (await SendAsync("GET", $"{path}/proto")).Body.GetProperty("data").GetProperty("k").GetString());

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
            var answer = await SendAsync("PATCH", path, type, body);
            Assert.True(answer.Status == 200, $"{type}: {answer}");
            return answer.Body.GetProperty("spec").GetProperty("template").GetProperty("spec").GetProperty("containers");
        }

        // Strategic merge adds to the list by name; merge replaces the list; JSON points into it.
        Assert.Equal(2, (await Patched("application/strategic-merge-patch+json", """{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"guestbook-redis:1"}]}}}}""")).GetArrayLength());
        Assert.Equal("one", Assert.Single((await Patched("application/merge-patch+json", """{"spec":{"template":{"spec":{"containers":[{"name":"one","image":"guestbook-redis:1"}]}}}}""")).EnumerateArray()).GetProperty("name").GetString());
        var byPointer = await Patched("application/json-patch+json", """[{"op":"test","path":"/spec/template/spec/containers/0/name","value":"one"},{"op":"replace","path":"/spec/template/spec/containers/0/name","value":"two"}]""");
        Assert.Equal("two", byPointer[0].GetProperty("name").GetString());
        Assert.Equal(422, (await SendAsync("PATCH", path, "application/json-patch+json", """[{"op":"test","path":"/spec/replicas","value":9}]""")).Status);

        var applied = "/api/v1/namespaces/api-patch/configmaps/shared?fieldManager=";
        const string Apply = "application/apply-patch+yaml";
        Assert.Equal(201, (await SendAsync("PATCH", applied + "first", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: one, mine: first}}")).Status);
        Assert.Equal(200, (await SendAsync("PATCH", applied + "second", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {other: second}}")).Status);
        var conflict = await SendAsync("PATCH", applied + "second", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: two, other: second}}");
        Assert.Equal(409, conflict.Status);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"first\": .data.k", conflict.Body.GetProperty("message").GetString());
        var cause = conflict.Body.GetProperty("details").GetProperty("causes")[0];
        Assert.Equal("FieldManagerConflict .data.k", $"{cause.GetProperty("reason").GetString()} {cause.GetProperty("field").GetString()}");
        var forced = await SendAsync("PATCH", applied + "second&force=true", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: two, other: second}}");
        Assert.Equal(200, forced.Status);
        // What its manager no longer applies goes; what is another's stays.
        var left = (await SendAsync("PATCH", applied + "first", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}}")).Body.GetProperty("data");
        Assert.Equal("k=two,other=second", string.Join(',', left.EnumerateObject().Select(pair => $"{pair.Name}={pair.Value.GetString()}").Order()));
        var kubectl = await Cluster.TryKubectlAsync("apply -n api-patch --server-side -f -", "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: three}}");
        Assert.Contains("Apply failed with 1 conflict: conflict with \"second\": .data.k", kubectl.Errors, StringComparison.Ordinal);

        // A manager that did not apply is named with the version that it used.
        Assert.Equal(200, (await SendAsync("PATCH", applied + "third", "application/merge-patch+json", """{"data":{"k":"three"}}""")).Status);
        var updated = await SendAsync("PATCH", applied + "second", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {k: two, other: second}}");
        Assert.Equal("Apply failed with 1 conflict: conflict with \"third\" using v1: .data.k", updated.Body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task DryRunLeavesNothing_AndGenerateNameMakesNames()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-create");
        var path = "/api/v1/namespaces/api-create/configmaps";
        Assert.Equal(201, (await SendAsync("POST", path, Json, ConfigMap("kept", ("k", "v")))).Status);
        var revision = RevisionOf((await SendAsync("GET", $"{path}/kept")).Body);
        Assert.Equal(201, (await SendAsync("POST", $"{path}?dryRun=All", Json, ConfigMap("dry"))).Status);
        Assert.Equal(404, (await SendAsync("GET", $"{path}/dry")).Status);
        Assert.Equal("w", (await SendAsync("PATCH", $"{path}/kept?dryRun=All", "application/merge-patch+json", """{"data":{"k":"w"}}""")).Body.GetProperty("data").GetProperty("k").GetString());
        Assert.Equal(200, (await SendAsync("DELETE", $"{path}/kept?dryRun=All")).Status);
        Assert.Equal(200, (await SendAsync("DELETE", $"{path}?dryRun=All")).Status);
        Assert.Equal(revision, RevisionOf((await SendAsync("GET", $"{path}/kept")).Body));
        Assert.Contains("created (server dry run)", await ns.KubectlAsync("create configmap dry --from-literal=a=b --dry-run=server"), StringComparison.Ordinal);

        var made = new HashSet<string>();
        for (var count = 0; count < 5; count++)
        {
            var name = NameOf((await SendAsync("POST", path, Json, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"made-"}}""")).Body);
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
        await SendAsync("POST", path, Json, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","finalizers":["example.com/hold"]}}""");
        Assert.Equal(200, (await SendAsync("DELETE", $"{path}/held")).Status);
        var held = (await SendAsync("GET", $"{path}/held")).Body.GetProperty("metadata");
        Assert.True(held.TryGetProperty("deletionTimestamp", out JsonElement _));
        var added = await SendAsync("PATCH", $"{path}/held", "application/merge-patch+json", """{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}""");
        Assert.Equal(422, added.Status);
        Assert.Contains("no new finalizers can be added if the object is being deleted", added.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await SendAsync("PATCH", $"{path}/held", "application/merge-patch+json", Release)).Status);
        Assert.Equal(404, (await SendAsync("GET", $"{path}/held")).Status);

        foreach (var policy in new[] { "Background", "Foreground", "Orphan" })
        {
            var (owner, child) = ($"owner-{policy}".ToLowerInvariant(), $"child-{policy}".ToLowerInvariant());
            var uid = (await SendAsync("POST", path, Json, ConfigMap(owner))).Body.GetProperty("metadata").GetProperty("uid").GetString();
            await SendAsync("POST", path, Json, $$"""
                {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{child}}","finalizers":["example.com/hold"],
                 "ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"{{owner}}","uid":"{{uid}}","blockOwnerDeletion":true}] } }
                """);
            Assert.Equal(200, (await SendAsync("DELETE", $"{path}/{owner}", Json, $$"""{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"{{policy}}"}""")).Status);
            if (policy == "Orphan")
            {
                await GoneAsync($"{path}/{owner}");
                var orphan = (await SendAsync("GET", $"{path}/{child}")).Body.GetProperty("metadata");
                Assert.False(orphan.TryGetProperty("ownerReferences", out var owners) && owners.GetArrayLength() > 0);
                Assert.False(orphan.TryGetProperty("deletionTimestamp", out JsonElement _));
                await SendAsync("PATCH", $"{path}/{child}", "application/merge-patch+json", Release);
                continue;
            }

            await Eventually.IsAsync($"the deletion of {child}", s_patience, async () => (await SendAsync("GET", $"{path}/{child}")).Body,
                body => body.GetProperty("metadata").TryGetProperty("deletionTimestamp", out JsonElement _));
            // In the foreground the owner waits for what blocks it; in the background it went first.
            Assert.Equal(policy == "Foreground" ? 200 : 404, (await SendAsync("GET", $"{path}/{owner}")).Status);
            Assert.Equal(200, (await SendAsync("PATCH", $"{path}/{child}", "application/merge-patch+json", Release)).Status);
            await GoneAsync($"{path}/{child}");
            await GoneAsync($"{path}/{owner}");
        }

        foreach (var name in new[] { "one", "two" })
        {
            await ns.KubectlAsync("create -f -", $"---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, labels: {{set: {name}}}}}}}");
        }

        Assert.Equal(200, (await SendAsync("DELETE", $"{path}?labelSelector=set%3Done")).Status);
        Assert.Equal(404, (await SendAsync("GET", $"{path}/one")).Status);
        Assert.Equal(200, (await SendAsync("GET", $"{path}/two")).Status);
    }

    [Fact]
    public async Task TwentyWritersOfOneObject_LoseNoWrite()
    {
        Cluster.RequireMachine();
        const int Writers = 20, Each = 5;
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-writers");
        var path = "/api/v1/namespaces/api-writers/configmaps";
        await SendAsync("POST", path, Json, ConfigMap("counter", ("count", "0")));
        var conflicts = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (var written = 0; written < Each;)
            {
                var current = (await SendAsync("GET", $"{path}/counter")).Body;
                var count = int.Parse(current.GetProperty("data").GetProperty("count").GetString()!);
                var answer = await SendAsync("PUT", $"{path}/counter", Json,
                    $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"counter","resourceVersion":"{{{RevisionOf(current)}}}"},"data":{"count":"{{{count + 1}}}"}}""");
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
            Assert.Equal(200, (await SendAsync("PATCH", $"{path}/counter", "application/merge-patch+json", $$$"""{"metadata":{"labels":{"writer-{{{writer}}}":"was-here"} } }""")).Status);
        }));
        var end = (await SendAsync("GET", $"{path}/counter")).Body;
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
        var created = (await SendAsync("POST", path, Json, Body("one.test", "192.0.2.1", ""))).Body;
        Assert.Equal("one.test none 1", Read(created));
        var status = (await SendAsync("PUT", $"{path}/apart/status", Json, Body("two.test", "192.0.2.2", RevisionOf(created)))).Body;
        Assert.Equal("one.test 192.0.2.2 1", Read(status));
        var spec = (await SendAsync("PUT", $"{path}/apart", Json, Body("three.test", "192.0.2.3", RevisionOf(status)))).Body;
        Assert.Equal("three.test 192.0.2.2 2", Read(spec));
        Assert.Equal("three.test 192.0.2.2 2", Read((await SendAsync("GET", $"{path}/apart/status")).Body));
    }

    [Fact]
    public async Task Discovery_OpenApi_VersionAndHealth_AreThere()
    {
        Cluster.RequireMachine();
        Assert.Equal("v1", (await SendAsync("GET", "/api")).Body.GetProperty("versions")[0].GetString());
        Assert.Contains((await SendAsync("GET", "/apis")).Body.GetProperty("groups").EnumerateArray(), group => group.GetProperty("name").GetString() == "apps");
        var legacy = (await SendAsync("GET", "/apis/apps/v1")).Body.GetProperty("resources").EnumerateArray().Select(resource => resource.GetProperty("name").GetString()!).ToList();
        Assert.Subset(legacy.ToHashSet(), new HashSet<string> { "deployments", "deployments/status", "deployments/scale" });
        foreach (var root in new[] { "/api", "/apis" })
        {
            var aggregated = (await SendAsync("GET", root, accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json")).Body;
            Assert.Equal("APIGroupDiscoveryList apidiscovery.k8s.io/v2", $"{aggregated.GetProperty("kind").GetString()} {aggregated.GetProperty("apiVersion").GetString()}");
            Assert.Contains(aggregated.GetProperty("items").EnumerateArray().SelectMany(group => group.GetProperty("versions").EnumerateArray()).SelectMany(version => version.GetProperty("resources").EnumerateArray()),
                resource => resource.GetProperty("resource").GetString() == (root == "/api" ? "pods" : "deployments"));
        }

        Assert.True((await SendAsync("GET", "/openapi/v2")).Body.GetProperty("definitions").TryGetProperty("io.k8s.api.apps.v1.Deployment", out JsonElement _));
        var third = (await SendAsync("GET", "/openapi/v3")).Body.GetProperty("paths").GetProperty("apis/apps/v1").GetProperty("serverRelativeURL").GetString()!;
        Assert.True((await SendAsync("GET", third)).Body.GetProperty("components").GetProperty("schemas").TryGetProperty("io.k8s.api.apps.v1.Deployment", out JsonElement _));
        Assert.StartsWith("v1.36", (await SendAsync("GET", "/version")).Body.GetProperty("gitVersion").GetString(), StringComparison.Ordinal);
        var ready = await Cluster.Admin.GetStringAsync(new Uri("/readyz?verbose", UriKind.Relative));
        Assert.Contains("[+]ping ok\n", ready, StringComparison.Ordinal);
        Assert.EndsWith("readyz check passed\n", ready, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubectl_ListsRights_AndWaitsForAField()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-kubectl");
        await ns.KubectlAsync("create serviceaccount reader");
        await ns.KubectlAsync("create role reader --verb=get,list --resource=configmaps,pods/log");
        await ns.KubectlAsync("create rolebinding reader --role=reader --serviceaccount=api-kubectl:reader");
        var rights = await ns.KubectlAsync("auth can-i --list --as=system:serviceaccount:api-kubectl:reader");
        Assert.Matches(@"(?m)^Resources +Non-Resource URLs +Resource Names +Verbs\s*$", rights);
        Assert.Matches(@"(?m)^configmaps +\[\] +\[\] +\[get list\]\s*$", rights);
        Assert.Matches(@"(?m)^pods/log +\[\] +\[\] +\[get list\]\s*$", rights);
        Assert.Matches(@"(?m)^selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]\s*$", rights);
        Assert.Equal("yes", (await ns.KubectlAsync("auth can-i list configmaps --as=system:serviceaccount:api-kubectl:reader")).Trim());
        Assert.Equal("no", (await Cluster.TryKubectlAsync("auth can-i delete configmaps -n api-kubectl --as=system:serviceaccount:api-kubectl:reader")).Output.Trim());
        Assert.Contains("system:masters", await ns.KubectlAsync("auth whoami"), StringComparison.Ordinal);

        await ns.KubectlAsync("create configmap slow --from-literal=state=begun");
        var waiting = ns.KubectlAsync("wait configmap/slow --for=jsonpath='{.data.state}'=done --timeout=30s");
        await ns.KubectlAsync("patch configmap slow -p '{\"data\":{\"state\":\"done\"}}'");
        Assert.Contains("configmap/slow condition met", await waiting, StringComparison.Ordinal);
        var deleted = ns.KubectlAsync("wait configmap/slow --for=delete --timeout=30s");
        await ns.KubectlAsync("delete configmap slow");
        await deleted;
    }

    private async Task GoneAsync(string path) =>
        await Eventually.IsAsync($"the end of {path}", s_patience, async () => (await SendAsync("GET", path)).Status, status => status == 404);

    // The first events of a watch, as "TYPE name"; the bookmark that ends the initial events is "BOOKMARK end".
    private async Task<List<string>> WatchAsync(string path, int events)
    {
        using var patience = new CancellationTokenSource(s_patience);
        using var answer = await Cluster.Admin.GetAsync(new Uri($"{path}&watch=true", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, patience.Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(patience.Token));
        var seen = new List<string>();
        while (seen.Count < events && await reader.ReadLineAsync(patience.Token) is { } line)
        {
            var change = JsonDocument.Parse(line).RootElement;
            var metadata = change.GetProperty("object").GetProperty("metadata");
            Assert.True(metadata.TryGetProperty("resourceVersion", out JsonElement _), line);
            var end = metadata.TryGetProperty("annotations", out var notes) && notes.TryGetProperty("k8s.io/initial-events-end", out var mark) && mark.GetString() == "true";
            seen.Add($"{change.GetProperty("type").GetString()} {(metadata.TryGetProperty("name", out var name) ? name.GetString() : end ? "end" : "")}".Trim());
        }

        return seen;
    }

    private async Task<Answer> SendAsync(string method, string path, string? type = null, string? body = null, string accept = Json)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type!);
        }

        using var answer = await Cluster.Admin.SendAsync(request);
        return new Answer((int)answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }

    private static string NameOf(JsonElement item) => item.GetProperty("metadata").GetProperty("name").GetString()!;

    private static string RevisionOf(JsonElement item) => item.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;

    private static string ConfigMap(string name, params (string Key, string Value)[] data) => JsonSerializer.Serialize(new
    {
        apiVersion = "v1",
        kind = "ConfigMap",
        metadata = new { name },
        data = data.ToDictionary(pair => pair.Key, pair => pair.Value),
    });

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

    private sealed record Answer(int Status, JsonElement Body);
}
