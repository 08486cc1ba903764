using System.Net;
using System.Text.Json;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>What the API tells, to clients of every kind: over bare HTTP, and with kubectl. Helm is driven by tests/Conformance.</summary>
[Collection(SharedCluster.Name)]
public sealed class ApiReadTests(ClusterFixture fixture)
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
            Assert.Equal(201, (await Cluster.SendAsync("POST", path, Json, ApiCalls.ConfigMap(name, ("number", name)))).Status));
        await Eventually.IsAsync("the root certificate", s_patience, async () => (await Cluster.SendAsync("GET", $"{path}/kube-root-ca.crt")).Status, status => status == 200);

        var seen = new List<string>();
        var revisions = new HashSet<string>();
        var (next, page) = ("", 0);
        do
        {
            var list = (await Cluster.SendAsync("GET", $"{path}?limit=100&continue={Uri.EscapeDataString(next)}")).Body;
            var items = list.GetProperty("items").EnumerateArray().ToList();
            Assert.All(items, item => Assert.False(item.TryGetProperty("data", out var data) && data.TryGetProperty("late", out JsonElement _)));
            seen.AddRange(items.Select(ApiCalls.NameOf));
            revisions.Add(ApiCalls.RevisionOf(list));
            next = list.GetProperty("metadata").TryGetProperty("continue", out var token) ? token.GetString()! : "";
            Assert.Equal(next.Length > 0 ? 521 - seen.Count : 0, list.GetProperty("metadata").TryGetProperty("remainingItemCount", out var left) ? left.GetInt32() : 0);
            // Behind and ahead of the page: none of it belongs to the moment that is listed.
            Assert.Equal(201, (await Cluster.SendAsync("POST", path, Json, ApiCalls.ConfigMap($"item-0{page}50x"))).Status);
            Assert.Equal(200, (await Cluster.SendAsync("DELETE", $"{path}/item-{499 - page:d4}")).Status);
            Assert.Equal(200, (await Cluster.SendAsync("PATCH", $"{path}/item-{510 - page:d4}", "application/merge-patch+json", """{"data":{"late":"yes"}}""")).Status);
            page++;
        }
        while (next.Length > 0);

        Assert.Equal(6, page);
        Assert.Single(revisions);
        Assert.Equal(names.Append("kube-root-ca.crt").Order(StringComparer.Ordinal), seen);
        var broken = await Cluster.SendAsync("GET", $"{path}?limit=100&continue=nonsense");
        Assert.Equal(400, broken.Status);
        Assert.StartsWith("continue key is not valid", broken.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(521, (await Cluster.SendAsync("GET", path)).Body.GetProperty("items").GetArrayLength());
        Assert.Equal(100, (await Cluster.SendAsync("GET", $"{path}?limit=100&resourceVersion={revisions.Single()}&resourceVersionMatch=Exact")).Body.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task AWatch_BeginsWhereItIsTold_MarksTheEndOfTheInitialEvents_AndSelects()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "api-watch");
        var path = "/api/v1/namespaces/api-watch/configmaps";
        await Eventually.IsAsync("the root certificate", s_patience, async () => (await Cluster.SendAsync("GET", $"{path}/kube-root-ca.crt")).Status, status => status == 200);
        var start = ApiCalls.RevisionOf((await Cluster.SendAsync("GET", path)).Body);
        await Cluster.SendAsync("POST", path, Json, ApiCalls.ConfigMap("a"));
        await Cluster.SendAsync("PATCH", $"{path}/a", "application/merge-patch+json", """{"metadata":{"labels":{"colour":"red"}}}""");
        await Cluster.SendAsync("POST", path, Json, ApiCalls.ConfigMap("b"));
        await Cluster.SendAsync("PATCH", $"{path}/a", "application/merge-patch+json", """{"metadata":{"labels":{"colour":"blue"}}}""");
        await Cluster.SendAsync("DELETE", $"{path}/a");

        Assert.Equal(["ADDED a", "MODIFIED a", "ADDED b", "MODIFIED a", "DELETED a"], await WatchAsync($"{path}?resourceVersion={start}", 5));
        // A selection sees an object come and go with its label.
        Assert.Equal(["ADDED a", "DELETED a"], await WatchAsync($"{path}?resourceVersion={start}&labelSelector=colour%3Dred", 2));
        Assert.Equal(["ADDED b"], await WatchAsync($"{path}?resourceVersion={start}&fieldSelector=metadata.name%3Db", 1));
        Assert.Equal(["ADDED b", "ADDED kube-root-ca.crt", "BOOKMARK end"],
            await WatchAsync($"{path}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", 3));
        // The last bookmark comes shortly before the watch ends.
        Assert.Equal(["BOOKMARK"], await WatchAsync($"{path}?resourceVersion={ApiCalls.RevisionOf((await Cluster.SendAsync("GET", path)).Body)}&allowWatchBookmarks=true&timeoutSeconds=3", int.MaxValue));
        var ahead = await Cluster.SendAsync("GET", $"{path}?resourceVersion=999999999999&timeoutSeconds=1");
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
            var list = (await Cluster.SendAsync("GET", $"{path}?labelSelector={Uri.EscapeDataString(selector)}")).Body;
            Assert.Equal(wanted, string.Join(',', list.GetProperty("items").EnumerateArray().Select(ApiCalls.NameOf)));
        }

        Assert.Equal("d", ApiCalls.NameOf(Assert.Single((await Cluster.SendAsync("GET", $"{path}?fieldSelector=metadata.name%3Dd,metadata.namespace%3Dapi-shapes")).Body.GetProperty("items").EnumerateArray())));
        Assert.Equal("b,c,d", string.Join(',', (await Cluster.SendAsync("GET", $"{path}?labelSelector=mine&fieldSelector=metadata.name!%3Da")).Body.GetProperty("items").EnumerateArray().Select(ApiCalls.NameOf)));

        var table = (await Cluster.SendAsync("GET", $"{path}?labelSelector=mine", accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")).Body;
        Assert.Equal("Table", table.GetProperty("kind").GetString());
        Assert.Equal(["Name", "Data", "Age"], table.GetProperty("columnDefinitions").EnumerateArray().Select(column => column.GetProperty("name").GetString()!));
        var row = table.GetProperty("rows")[0];
        Assert.Equal("a", row.GetProperty("cells")[0].GetString());
        Assert.Equal("PartialObjectMetadata", row.GetProperty("object").GetProperty("kind").GetString());
        var metadata = (await Cluster.SendAsync("GET", $"{path}?labelSelector=mine", accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")).Body;
        Assert.Equal("PartialObjectMetadataList", metadata.GetProperty("kind").GetString());
        Assert.Equal(4, metadata.GetProperty("items").GetArrayLength());
        Assert.False(metadata.GetProperty("items")[0].TryGetProperty("data", out JsonElement _));
        var single = (await Cluster.SendAsync("GET", $"{path}/a", accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")).Body;
        Assert.Equal("meta.k8s.io/v1 PartialObjectMetadata a", $"{single.GetProperty("apiVersion").GetString()} {single.GetProperty("kind").GetString()} {ApiCalls.NameOf(single)}");
        Assert.Equal(406, (await Cluster.SendAsync("GET", $"{path}/a", accept: "text/html")).Status);
    }

    [Fact]
    public async Task Discovery_OpenApi_VersionAndHealth_AreThere()
    {
        Cluster.RequireMachine();
        Assert.Equal("v1", (await Cluster.SendAsync("GET", "/api")).Body.GetProperty("versions")[0].GetString());
        Assert.Contains((await Cluster.SendAsync("GET", "/apis")).Body.GetProperty("groups").EnumerateArray(), group => group.GetProperty("name").GetString() == "apps");
        var legacy = (await Cluster.SendAsync("GET", "/apis/apps/v1")).Body.GetProperty("resources").EnumerateArray().Select(resource => resource.GetProperty("name").GetString()!).ToList();
        Assert.Subset(legacy.ToHashSet(), new HashSet<string> { "deployments", "deployments/status", "deployments/scale" });
        foreach (var root in new[] { "/api", "/apis" })
        {
            var aggregated = (await Cluster.SendAsync("GET", root, accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json")).Body;
            Assert.Equal("APIGroupDiscoveryList apidiscovery.k8s.io/v2", $"{aggregated.GetProperty("kind").GetString()} {aggregated.GetProperty("apiVersion").GetString()}");
            Assert.Contains(aggregated.GetProperty("items").EnumerateArray().SelectMany(group => group.GetProperty("versions").EnumerateArray()).SelectMany(version => version.GetProperty("resources").EnumerateArray()),
                resource => resource.GetProperty("resource").GetString() == (root == "/api" ? "pods" : "deployments"));
        }

        Assert.True((await Cluster.SendAsync("GET", "/openapi/v2")).Body.GetProperty("definitions").TryGetProperty("io.k8s.api.apps.v1.Deployment", out JsonElement _));
        var third = (await Cluster.SendAsync("GET", "/openapi/v3")).Body.GetProperty("paths").GetProperty("apis/apps/v1").GetProperty("serverRelativeURL").GetString()!;
        Assert.True((await Cluster.SendAsync("GET", third)).Body.GetProperty("components").GetProperty("schemas").TryGetProperty("io.k8s.api.apps.v1.Deployment", out JsonElement _));
        Assert.StartsWith("v1.36", (await Cluster.SendAsync("GET", "/version")).Body.GetProperty("gitVersion").GetString(), StringComparison.Ordinal);
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
}
