using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Deployments, and the sets beneath them, on nodes that are acted.</summary>
public sealed class WorkloadTests(ControlPlane api)
{
    private const string Strategic = "application/strategic-merge-patch+json";

    [Conformance("[sig-apps] ReplicaSet Replicaset should have a working scale subresource")]
    public async Task ReplicaSetScale() => await ScaleAsync("replicasets", 1);

    [Conformance("[sig-apps] Deployment Deployment should have a working scale subresource")]
    public async Task DeploymentScale() => await ScaleAsync("deployments", 1);

    [Conformance("[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource")]
    public async Task StatefulSetScale() => await ScaleAsync("statefulsets", 1);

    [Conformance("[sig-apps] ReplicaSet should validate Replicaset Status endpoints")]
    public Task ReplicaSetStatus() => StatusAsync("replicasets");

    [Conformance("[sig-apps] Deployment should validate Deployment Status endpoints")]
    public Task DeploymentStatus() => StatusAsync("deployments");

    [Conformance("[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints")]
    public Task StatefulSetStatus() => StatusAsync("statefulsets");

    [Conformance("[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets")]
    public Task ReplicaSetCollection() => CollectionAsync("replicasets", 3);

    [Conformance("[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets")]
    public Task StatefulSetCollection() => CollectionAsync("statefulsets", 1);

    [Conformance("[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods")]
    public async Task AdoptAndRelease()
    {
        var ns = await api.NamespaceAsync();
        var pod = $"/api/v1/namespaces/{ns}/pods/pod-adoption-release";
        await api.CreateAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"pod-adoption-release","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await CreateAsync(ns, "replicasets", 1);
        await api.EventuallyAsync(pod, found => found.At("metadata.ownerReferences.0.kind") == "ReplicaSet" && found.At("metadata.ownerReferences.0.controller") == "true", "the pod is adopted");
        Assert.Single((await api.GetAsync($"/api/v1/namespaces/{ns}/pods")).Items);
        await api.UpdateAsync(pod, value => value["metadata"]!["labels"]!["app"] = "not-matching");
        await api.EventuallyAsync(pod, found => found.At("metadata.ownerReferences") == "", "the pod is released");
        await api.EventuallyAsync($"/api/v1/namespaces/{ns}/pods", list => list.Items.Count == 2, "another pod in its stead");
    }

    [Conformance("[sig-apps] ReplicaSet Replace and Patch tests")]
    public async Task ReplaceAndPatch()
    {
        var ns = await api.NamespaceAsync();
        var set = await CreateAsync(ns, "replicasets", 1);
        await ReadyAsync(set, 1);
        await api.UpdateAsync(set, value => value["spec"]!["replicas"] = 3);
        await ReadyAsync(set, 3);
        (await api.SendAsync(
            "PATCH", set,
            """{"metadata":{"labels":{"test-rs":"patched"}},"spec":{"replicas":2,"template":{"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"patched"}]}}}}""", Strategic)).Expect(200);
        var found = await api.EventuallyAsync(set, value => value.At("status.readyReplicas") == "2", "two pods");
        Assert.Equal(("patched", "patched", "2"), (found.At("metadata.labels.test-rs"), found.At("spec.template.spec.containers.0.image"), found.At("spec.replicas")));
    }

    [Conformance("[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones")]
    public async Task RollingUpdate()
    {
        var ns = await api.NamespaceAsync();
        var old = await CreateAsync(ns, "replicasets", 1, name: "test-rolling-update-controller");
        await ReadyAsync(old, 1);
        var deployment = await CreateAsync(ns, "deployments", 1, image: "new", change: value => value["spec"]!["strategy"] = JsonNode.Parse("""{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}"""));
        await DoneAsync(deployment);
        // The set that was there is adopted, and is what was before.
        var sets = (await api.GetAsync(Path(ns, "replicasets"))).Items;
        Assert.Equal(2, sets.Count);
        Assert.Equal("0", sets.Single(set => set.At("metadata.name") == "test-rolling-update-controller").At("spec.replicas"));
        await api.EventuallyAsync($"/api/v1/namespaces/{ns}/pods", list => list.Items is [var pod] && pod.At("spec.containers.0.image") == "new", "only the new pod");
    }

    [Conformance("[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones")]
    public async Task Recreate()
    {
        var ns = await api.NamespaceAsync();
        var deployment = await CreateAsync(ns, "deployments", 2, change: value => value["spec"]!["strategy"] = JsonNode.Parse("""{"type":"Recreate"}"""));
        await DoneAsync(deployment);
        var pods = $"/api/v1/namespaces/{ns}/pods";
        await using var watch = await api.WatchAsync($"{pods}?watch=1&resourceVersion={(await api.GetAsync(pods)).At("metadata.resourceVersion")}");
        await SetImageAsync(deployment, "new");
        var (olds, news) = (2, 0);
        while (news < 2)
        {
            var (type, pod) = (await watch.ReadAsync())!.Value;
            var isNew = pod.At("spec.containers.0.image") == "new";
            olds -= type == "DELETED" && !isNew ? 1 : 0;
            news += type == "ADDED" && isNew ? 1 : 0;
            Assert.True(news == 0 || olds == 0, "new pods run beside old ones");
        }

        await DoneAsync(deployment);
    }

    [Conformance("[sig-apps] Deployment deployment should delete old replica sets")]
    public async Task OldSets()
    {
        var ns = await api.NamespaceAsync();
        await ReadyAsync(await CreateAsync(ns, "replicasets", 1, name: "test-cleanup-controller"), 1);
        var deployment = await CreateAsync(ns, "deployments", 1, image: "new", change: value => value["spec"]!["revisionHistoryLimit"] = 0);
        await DoneAsync(deployment);
        await api.EventuallyAsync(Path(ns, "replicasets"), list => list.Items is [var set] && set.At("spec.template.spec.containers.0.image") == "new", "the old set is gone");
    }

    [Conformance("[sig-apps] Deployment deployment should support rollover")]
    public async Task Rollover()
    {
        var ns = await api.NamespaceAsync();
        await ReadyAsync(await CreateAsync(ns, "replicasets", 1, name: "test-rollover-controller"), 1);
        var deployment = await CreateAsync(ns, "deployments", 1, image: "never-ready", acts: "unready", change: value =>
        {
            value["spec"]!["minReadySeconds"] = 2;
            value["spec"]!["strategy"] = JsonNode.Parse("""{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0,"maxSurge":1}}""");
        });
        await api.EventuallyAsync(Path(ns, "replicasets"), list => list.Items.Any(set => set.At("spec.template.spec.containers.0.image") == "never-ready" && set.At("status.replicas") == "1"), "the set that never is ready");
        await api.UpdateAsync(deployment, value =>
        {
            value["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject();
            value["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "good";
        });
        await DoneAsync(deployment);
        var sets = (await api.GetAsync(Path(ns, "replicasets"))).Items;
        Assert.Equal(3, sets.Count);
        Assert.All(sets.Where(set => set.At("spec.template.spec.containers.0.image") != "good"), set => Assert.Equal("0", set.At("spec.replicas")));
    }

    [Conformance("[sig-apps] Deployment deployment should support proportional scaling")]
    public async Task Proportional()
    {
        var ns = await api.NamespaceAsync();
        var deployment = await CreateAsync(ns, "deployments", 10, change: value => value["spec"]!["strategy"] = JsonNode.Parse("""{"type":"RollingUpdate","rollingUpdate":{"maxSurge":3,"maxUnavailable":2}}"""));
        await DoneAsync(deployment);
        await api.UpdateAsync(deployment, value =>
        {
            value["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { [ActedNodes.Acts] = "unready" };
            value["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "404";
        });
        string Replicas(Answer list, string image) => list.Items.FirstOrDefault(set => set.At("spec.template.spec.containers.0.image") == image)?.At("spec.replicas") ?? "";
        // 8 of the old and 5 of the new: 10 and the surge of 3, with 2 fewer available.
        await api.EventuallyAsync(Path(ns, "replicasets"), list => (Replicas(list, "i"), Replicas(list, "404")) == ("8", "5"), "a rollout that is stuck at 8 and 5");
        await api.UpdateAsync(deployment, value => value["spec"]!["replicas"] = 30);
        await api.EventuallyAsync(Path(ns, "replicasets"), list => (Replicas(list, "i"), Replicas(list, "404")) == ("20", "13"), "both grew in proportion, to 20 and 13");
    }

    [Conformance("[sig-apps] Deployment should run the lifecycle of a Deployment")]
    public async Task DeploymentLifecycle()
    {
        var ns = await api.NamespaceAsync();
        await using var watch = await api.WatchAsync(Path(ns, "deployments") + "?watch=1");
        var deployment = await CreateAsync(ns, "deployments", 2, change: value => value["metadata"]!["labels"]!["test-deployment-static"] = "true");
        await watch.NextAsync("ADDED");
        await watch.UntilAsync("MODIFIED", seen => seen.At("status.readyReplicas") == "2" && seen.At("status.availableReplicas") == "2");
        (await api.SendAsync("PATCH", deployment, """{"metadata":{"labels":{"test-deployment":"patched"}},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"c","image":"patched"}]}}}}""", Strategic)).Expect(200);
        await watch.UntilAsync("MODIFIED", seen => seen.At("status.readyReplicas") == "1" && seen.At("metadata.labels.test-deployment") == "patched");
        Assert.Contains((await api.GetAsync("/apis/apps/v1/deployments?labelSelector=test-deployment-static%3Dtrue")).Items, found => found.At("metadata.namespace") == ns && found.At("spec.template.spec.containers.0.image") == "patched");
        await api.UpdateAsync(deployment, value => (value["spec"]!["replicas"], value["metadata"]!["labels"]!["test-deployment"]) = (2, "updated"));
        await watch.UntilAsync("MODIFIED", seen => seen.At("status.readyReplicas") == "2" && seen.At("metadata.labels.test-deployment") == "updated");
        (await api.SendAsync("PATCH", deployment + "/status", """{"status":{"readyReplicas":0,"availableReplicas":0}}""", Strategic)).Expect(200);
        Assert.NotEmpty((await api.GetAsync(deployment + "/status")).At("status.replicas"));
        await watch.UntilAsync("MODIFIED", seen => seen.At("status.readyReplicas") == "2");
        await api.DeleteAsync(Path(ns, "deployments") + "?labelSelector=test-deployment-static%3Dtrue");
        await watch.UntilAsync("DELETED", _ => true);
    }

    private static string Path(string ns, string plural) => $"/apis/apps/v1/namespaces/{ns}/{plural}";

    private Task<Answer> ReadyAsync(string set, int replicas) => api.EventuallyAsync(set, found => found.At("status.readyReplicas") == $"{replicas}" && found.At("status.replicas") == $"{replicas}", $"{replicas} ready pods");

    private Task<Answer> DoneAsync(string deployment) => api.EventuallyAsync(
        deployment,
        found => found.At("status.observedGeneration") == found.At("metadata.generation") && found.At("status.updatedReplicas") == found.At("spec.replicas")
            && found.At("status.replicas") == found.At("spec.replicas") && found.At("status.availableReplicas") == found.At("spec.replicas"),
        "the rollout is done");

    private Task<Answer> SetImageAsync(string path, string image) => api.UpdateAsync(path, value => value["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image);

    private async Task<string> CreateAsync(string ns, string plural, int replicas, string image = "i", string? acts = null, string name = "test", Action<JsonObject>? change = null)
    {
        var annotations = acts is null ? "" : $",\"annotations\":{{\"{ActedNodes.Acts}\":\"{acts}\"}}";
        var value = JsonNode.Parse($$$"""
            {"metadata":{"name":"{{{name}}}","labels":{"app":"web"} },"spec":{"replicas":{{{replicas}}},"selector":{"matchLabels":{"app":"web"} },
             "template":{"metadata":{"labels":{"app":"web"}{{{annotations}}} },"spec":{"containers":[{"name":"c","image":"{{{image}}}"}]} } }}
            """)!.AsObject();
        if (plural == "statefulsets")
        {
            value["spec"]!["serviceName"] = "test";
        }

        change?.Invoke(value);
        await api.CreateAsync(Path(ns, plural), value.ToJsonString());
        return $"{Path(ns, plural)}/{name}";
    }

    private async Task ScaleAsync(string plural, int replicas)
    {
        var path = await CreateAsync(await api.NamespaceAsync(), plural, replicas);
        await ReadyAsync(path, replicas);
        var scale = await api.GetAsync(path + "/scale");
        Assert.Equal(("autoscaling/v1", "Scale", $"{replicas}", $"{replicas}"), (scale.At("apiVersion"), scale.At("kind"), scale.At("spec.replicas"), scale.At("status.replicas")));
        var update = scale.Json;
        update["metadata"]!["resourceVersion"] = ""; // Whatever was written meanwhile.
        update["spec"]!["replicas"] = 2;
        Assert.Equal("2", (await api.SendAsync("PUT", path + "/scale", update.ToJsonString())).Expect(200).At("spec.replicas"));
        Assert.Equal("2", (await api.GetAsync(path)).At("spec.replicas"));
        (await api.SendAsync("PATCH", path + "/scale", """{"spec":{"replicas":4}}""", Strategic)).Expect(200);
        Assert.Equal("4", (await api.GetAsync(path)).At("spec.replicas"));
        await ReadyAsync(path, 4);
    }

    private async Task StatusAsync(string plural)
    {
        var ns = await api.NamespaceAsync();
        var path = await CreateAsync(ns, plural, 1);
        await ReadyAsync(path, 1);
        (await api.SendAsync("GET", path + "/status")).Expect(200);
        await using var watch = await api.WatchAsync($"{Path(ns, plural)}?watch=1&resourceVersion={(await api.GetAsync(path)).At("metadata.resourceVersion")}");
        const string Condition = """{"type":"StatusUpdate","status":"True","reason":"E2E","message":"Set from e2e test"}""";
        var updated = await api.UpdateAsync(path, value => value["status"]!["conditions"] = new JsonArray([.. (value["status"]!["conditions"] as JsonArray ?? []).Select(condition => condition!.DeepClone()), JsonNode.Parse(Condition)]), "/status");
        Assert.Contains("StatusUpdate", updated.Text, StringComparison.Ordinal);
        await watch.UntilAsync("MODIFIED", seen => seen["status"]!.ToJsonString().Contains("\"StatusUpdate\"", StringComparison.Ordinal));
        await api.PatchAsync(path + "/status", """{"status":{"conditions":[{"type":"StatusPatched","status":"True"}]}}""");
        await watch.UntilAsync("MODIFIED", seen => seen["status"]!.ToJsonString().Contains("\"StatusPatched\"", StringComparison.Ordinal));
    }

    private async Task CollectionAsync(string plural, int replicas)
    {
        var ns = await api.NamespaceAsync();
        var path = await CreateAsync(ns, plural, replicas, change: value => value["metadata"]!["labels"]!["e2e"] = ns);
        await ReadyAsync(path, replicas);
        Assert.Single((await api.GetAsync($"/apis/apps/v1/{plural}?labelSelector=e2e%3D{ns}")).Items);
        (await api.SendAsync("PATCH", path, """{"metadata":{"labels":{"test":"patched"}},"spec":{"replicas":2,"template":{"spec":{"terminationGracePeriodSeconds":0}}}}""", Strategic)).Expect(200);
        await ReadyAsync(path, 2);
        Assert.Equal("patched", (await api.GetAsync(path)).At("metadata.labels.test"));
        await api.DeleteAsync($"{Path(ns, plural)}?labelSelector=e2e%3D{ns}");
        await api.EventuallyAsync($"/apis/apps/v1/{plural}?labelSelector=e2e%3D{ns}", list => list.Items.Count == 0, "none left");
    }
}
