using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Daemon sets, limit ranges, tokens, and where pods go, on nodes that are acted.</summary>
public sealed class NodeTests(ControlPlane api)
{
    // Of the acted nodes, those whose taint a pod need not tolerate.
    private const int Nodes = 2;

    [Conformance("[sig-apps] Daemon set should run and stop simple daemon")]
    public async Task Simple()
    {
        var (ns, daemon) = await CreateAsync();
        var pods = await RunningAsync(ns, daemon);
        Assert.Equal(ActedNodes.Names[..Nodes], pods.Select(pod => pod.At("spec.nodeName")).Order());
        await api.DeleteAsync($"/api/v1/namespaces/{ns}/pods/{pods[0].At("metadata.name")}");
        await api.EventuallyAsync(Pods(ns), list => list.Items.Count == Nodes && list.Items.All(pod => pod.At("metadata.uid") != pods[0].At("metadata.uid")), "another in its stead");
        await RunningAsync(ns, daemon);
    }

    [Conformance("[sig-apps] Daemon set should run and stop complex daemon")]
    public async Task Complex()
    {
        // Only on the nodes of a label, which comes and goes: the third node, as no other test has pods there.
        var (ns, daemon) = await CreateAsync(value =>
        {
            value["spec"]!["template"]!["spec"]!["nodeSelector"] = JsonNode.Parse("""{"daemonset-color":"green"}""");
            value["spec"]!["template"]!["spec"]!["tolerations"] = JsonNode.Parse("""[{"key":"only","operator":"Exists"}]""");
        });
        await api.EventuallyAsync(daemon, found => found.At("status.observedGeneration") == "1" && found.At("status.desiredNumberScheduled") == "0", "no node is meant");
        var node = "/api/v1/nodes/" + ActedNodes.Names[2];
        await api.PatchAsync(node, """{"metadata":{"labels":{"daemonset-color":"green"}}}""");
        await api.EventuallyAsync(daemon, found => found.At("status.numberReady") == "1", "a daemon on the node");
        await api.PatchAsync(node, """{"metadata":{"labels":{"daemonset-color":"blue"}}}""");
        await api.EventuallyAsync(Pods(ns), list => list.Items.Count == 0, "no daemon");
        await api.UpdateAsync(daemon, value => (value["spec"]!["template"]!["spec"]!["nodeSelector"]!["daemonset-color"], value["spec"]!["updateStrategy"]!["type"]) = ("blue", "RollingUpdate"));
        await api.EventuallyAsync(daemon, found => found.At("status.numberReady") == "1", "a daemon on the node again");
        await api.PatchAsync(node, """{"metadata":{"labels":{"daemonset-color":null}}}""");
        await api.EventuallyAsync(Pods(ns), list => list.Items.Count == 0, "no daemon at the end");
    }

    [Conformance("[sig-apps] Daemon set should retry creating failed daemon pods")]
    public async Task Retry()
    {
        var (ns, daemon) = await CreateAsync();
        var failed = (await RunningAsync(ns, daemon))[0];
        await api.PatchAsync($"/api/v1/namespaces/{ns}/pods/{failed.At("metadata.name")}/status", """{"status":{"phase":"Failed"}}""");
        await api.GoneAsync($"/api/v1/namespaces/{ns}/pods/{failed.At("metadata.name")}");
        await RunningAsync(ns, daemon);
    }

    [Conformance("[sig-apps] Daemon set should update pod when spec was updated and update strategy is RollingUpdate")]
    public async Task RollingUpdate()
    {
        var (ns, daemon) = await CreateAsync(value => value["spec"]!["updateStrategy"] = JsonNode.Parse("""{"type":"RollingUpdate"}"""));
        var first = (await RunningAsync(ns, daemon))[0].At("metadata.labels.controller-revision-hash");
        Assert.NotEmpty(first);
        await api.PatchAsync(daemon, """{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"new"}]}}}}""");
        await api.EventuallyAsync(
            Pods(ns), list => list.Items.Count == Nodes && list.Items.All(pod => pod.At("spec.containers.0.image") == "new" && pod.At("status.phase") == "Running"), "new pods everywhere");
        Assert.All((await api.GetAsync(Pods(ns))).Items, pod => Assert.NotEqual(first, pod.At("metadata.labels.controller-revision-hash")));
        Assert.Equal(2, (await api.GetAsync($"/apis/apps/v1/namespaces/{ns}/controllerrevisions")).Items.Count);
    }

    [Conformance("[sig-apps] Daemon set should rollback without unnecessary restarts")]
    public async Task Rollback()
    {
        var (ns, daemon) = await CreateAsync(value => value["spec"]!["updateStrategy"] = JsonNode.Parse("""{"type":"RollingUpdate"}"""));
        var before = (await RunningAsync(ns, daemon)).Select(pod => pod.At("metadata.uid")).ToHashSet();
        await api.UpdateAsync(daemon, value =>
        {
            value["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "foo:non-existent";
            value["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { [ActedNodes.Acts] = "unready" };
        });
        await api.EventuallyAsync(Pods(ns), list => list.Items.Any(pod => pod.At("spec.containers.0.image") == "foo:non-existent"), "a pod that never is ready");
        await api.UpdateAsync(daemon, value =>
        {
            value["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "i";
            value["spec"]!["template"]!["metadata"]!.AsObject().Remove("annotations");
        });
        await api.EventuallyAsync(Pods(ns), list => list.Items.Count == Nodes && list.Items.All(pod => pod.At("spec.containers.0.image") == "i" && pod.At("status.phase") == "Running"), "the old ones again");
        // At most one was ever taken away, so at least one is what it was.
        Assert.True((await api.GetAsync(Pods(ns))).Items.Count(pod => before.Contains(pod.At("metadata.uid"))) >= Nodes - 1);
    }

    [Conformance("[sig-apps] Daemon set should list and delete a collection of DaemonSets")]
    public async Task Collection()
    {
        var (ns, daemon) = await CreateAsync();
        await RunningAsync(ns, daemon);
        Assert.Single((await api.GetAsync($"/apis/apps/v1/daemonsets?labelSelector=set%3D{ns}")).Items);
        await api.DeleteAsync($"/apis/apps/v1/namespaces/{ns}/daemonsets?labelSelector=set%3D{ns}");
        await api.EventuallyAsync($"/apis/apps/v1/daemonsets?labelSelector=set%3D{ns}", list => list.Items.Count == 0, "none left");
        await api.EventuallyAsync(Pods(ns), list => list.Items.Count == 0, "no pods");
    }

    [Conformance("[sig-apps] Daemon set should verify changes to a daemon set status")]
    public async Task Status()
    {
        var (ns, daemon) = await CreateAsync();
        await RunningAsync(ns, daemon);
        Assert.NotEmpty((await api.GetAsync(daemon + "/status")).At("status.numberReady"));
        const string Condition = """{"type":"StatusUpdate","status":"True","reason":"E2E","message":"Set from e2e test"}""";
        var updated = await api.UpdateAsync(daemon, value => value["status"]!["conditions"] = new JsonArray(JsonNode.Parse(Condition)), "/status");
        Assert.Equal("StatusUpdate", updated.At("status.conditions.0.type"));
        var patched = await api.PatchAsync(daemon + "/status", """{"status":{"conditions":[{"type":"StatusPatched","status":"True"}]}}""");
        Assert.Equal("StatusPatched", patched.At("status.conditions.0.type"));
    }

    [Conformance("[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied.")]
    public async Task Limits()
    {
        var root = "/api/v1/namespaces/" + await api.NamespaceAsync();
        await using var watch = await api.WatchAsync(root + "/limitranges?watch=1");
        await api.CreateAsync(root + "/limitranges", """
            {"metadata":{"name":"limit-range"},"spec":{"limits":[{"type":"Container","min":{"cpu":"50m","memory":"100Mi"},"max":{"cpu":"500m","memory":"500Mi"},
             "default":{"cpu":"500m","memory":"500Mi"},"defaultRequest":{"cpu":"100m","memory":"200Mi"},"maxLimitRequestRatio":{}}]}}
            """);
        await watch.NextAsync("ADDED");
        Assert.Equal("100m", (await api.GetAsync(root + "/limitranges/limit-range")).At("spec.limits.0.defaultRequest.cpu"));
        await CheckAsync("none", "{}", "100m", "200Mi", "500m", "500Mi");
        await CheckAsync("partial", """{"limits":{"cpu":"300m"},"requests":{"memory":"150Mi"}}""", "300m", "150Mi", "300m", "500Mi");
        await api.PatchAsync(root + "/limitranges/limit-range", """{"spec":{"limits":[{"type":"Container","min":{"cpu":"10m","memory":"10Mi"},"max":{"cpu":"500m","memory":"500Mi"}}]}}""");
        (await PodAsync("less", """{"requests":{"cpu":"1m","memory":"1Mi"}}""")).ExpectRefusal(403, "Forbidden", "minimum cpu usage per Container is 10m");
        (await PodAsync("more", """{"requests":{"cpu":"600m","memory":"600Mi"}}""")).ExpectRefusal(422, "Invalid", "must be less than or equal to cpu limit of 500m");
        await api.DeleteAsync(root + "/limitranges/limit-range");
        await api.GoneAsync(root + "/limitranges/limit-range");
        (await PodAsync("free", """{"requests":{"cpu":"600m","memory":"600Mi"}}""")).Expect(201);

        Task<Answer> PodAsync(string name, string resources) => api.SendAsync("POST", root + "/pods", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"i","resources":{{{resources}}} }]} }""");
        async Task CheckAsync(string name, string resources, string cpu, string memory, string cpuLimit, string memoryLimit)
        {
            var pod = (await PodAsync(name, resources)).Expect(201);
            string Of(string path) => pod.At("spec.containers.0.resources." + path);
            Assert.Equal((cpu, memory, cpuLimit, memoryLimit), (Of("requests.cpu"), Of("requests.memory"), Of("limits.cpu"), Of("limits.memory")));
        }
    }

    [Conformance("[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection")]
    public async Task LimitCollection()
    {
        var (ns, other) = (await api.NamespaceAsync(), await api.NamespaceAsync());
        foreach (var where in new[] { ns, other })
        {
            await api.CreateAsync($"/api/v1/namespaces/{where}/limitranges", $$$"""{"metadata":{"name":"e2e-limitrange","labels":{"e2e":"{{{ns}}}"} },"spec":{"limits":[{"type":"Container","max":{"cpu":"500m"} }]} }""");
        }

        var path = $"/api/v1/namespaces/{ns}/limitranges";
        Assert.Equal(2, (await api.GetAsync($"/api/v1/limitranges?labelSelector=e2e%3D{ns}")).Items.Count);
        var patched = (await api.SendAsync("PATCH", path + "/e2e-limitrange", """{"metadata":{"labels":{"patched":"true"}},"spec":{"limits":[{"type":"Container","max":{"cpu":"600m"}}]}}""", "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal(("true", "600m"), (patched.At("metadata.labels.patched"), patched.At("spec.limits.0.max.cpu")));
        await api.DeleteAsync($"{path}?labelSelector=patched%3Dtrue");
        Assert.Empty((await api.GetAsync(path)).Items);
        Assert.Single((await api.GetAsync($"/api/v1/limitranges?labelSelector=e2e%3D{ns}")).Items);
    }

    [Conformance("[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if not matching")]
    public async Task NoSuchNode()
    {
        var pods = Pods(await api.NamespaceAsync());
        await api.CreateAsync(pods, """{"metadata":{"name":"restricted-pod"},"spec":{"nodeSelector":{"label":"nonempty"},"containers":[{"name":"c","image":"i"}]}}""");
        var pod = await api.EventuallyAsync(pods + "/restricted-pod", found => found.At("status.conditions.0.type") == "PodScheduled", "it is said why");
        Assert.Equal(("False", "Unschedulable", "Pending"), (pod.At("status.conditions.0.status"), pod.At("status.conditions.0.reason"), pod.At("status.phase")));
        Assert.Contains("didn't match Pod's node affinity/selector", pod.At("status.conditions.0.message"), StringComparison.Ordinal);
    }

    [Conformance("[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if matching")]
    public async Task SuchNode()
    {
        var ns = await api.NamespaceAsync();
        await api.PatchAsync("/api/v1/nodes/acted-2", $$$"""{"metadata":{"labels":{"{{{ns}}}":"42"} } }""");
        await api.CreateAsync(Pods(ns), $$$"""{"metadata":{"name":"with-labels"},"spec":{"nodeSelector":{"{{{ns}}}":"42"},"containers":[{"name":"c","image":"i"}]} }""");
        Assert.Equal("acted-2", (await api.EventuallyAsync(Pods(ns) + "/with-labels", pod => pod.At("status.phase") == "Running", "it runs")).At("spec.nodeName"));
        await api.PatchAsync("/api/v1/nodes/acted-2", $$$"""{"metadata":{"labels":{"{{{ns}}}":null} } }""");
    }

    [Conformance("[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview")]
    public async Task Token()
    {
        var ns = await api.NamespaceAsync();
        await api.CreateAsync($"/api/v1/namespaces/{ns}/serviceaccounts", """{"metadata":{"name":"e2e"}}""");
        var token = (await api.CreateAsync($"/api/v1/namespaces/{ns}/serviceaccounts/e2e/token", """{"spec":{"audiences":[],"expirationSeconds":600}}""")).At("status.token");
        var review = await api.CreateAsync("/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{token}}}"} }""");
        Assert.Equal(("true", "", $"system:serviceaccount:{ns}:e2e"), (review.At("status.authenticated"), review.At("status.error"), review.At("status.user.username")));
        Assert.Equal(["system:authenticated", "system:serviceaccounts", $"system:serviceaccounts:{ns}"], review.Json["status"]!["user"]!["groups"]!.AsArray().Select(group => group!.ToString()).Order(StringComparer.Ordinal));
        await api.DeleteAsync($"/api/v1/namespaces/{ns}/serviceaccounts/e2e");
    }

    private static string Pods(string ns) => $"/api/v1/namespaces/{ns}/pods";

    private async Task<IReadOnlyList<JsonObject>> RunningAsync(string ns, string daemon)
    {
        await api.EventuallyAsync(daemon, found => found.At("status.numberReady") == $"{Nodes}" && found.At("status.numberAvailable") == $"{Nodes}" && found.At("status.updatedNumberScheduled") == $"{Nodes}", "daemons everywhere");
        return (await api.GetAsync(Pods(ns))).Items;
    }

    private async Task<(string Namespace, string Daemon)> CreateAsync(Action<JsonObject>? change = null)
    {
        var ns = await api.NamespaceAsync();
        var value = JsonNode.Parse($$$"""
            {"metadata":{"name":"daemon-set","labels":{"set":"{{{ns}}}"} },"spec":{"selector":{"matchLabels":{"daemonset-name":"daemon-set"} },
             "template":{"metadata":{"labels":{"daemonset-name":"daemon-set"} },"spec":{"containers":[{"name":"app","image":"i"}]} } }}
            """)!.AsObject();
        change?.Invoke(value);
        await api.CreateAsync($"/apis/apps/v1/namespaces/{ns}/daemonsets", value.ToJsonString());
        return (ns, $"/apis/apps/v1/namespaces/{ns}/daemonsets/daemon-set");
    }
}
