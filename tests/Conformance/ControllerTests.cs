using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Replication controllers and disruption budgets, on nodes that are acted.</summary>
public sealed class ControllerTests(ControlPlane api)
{
    private const string Template = """{"metadata":{"labels":{"name":"test"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";

    [Conformance("[sig-apps] ReplicationController should adopt matching pods on creation")]
    public async Task Adopt()
    {
        var root = await RootAsync();
        await api.CreateAsync(root + "/pods", """{"metadata":{"name":"pod-adoption","labels":{"name":"test"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await ControllerAsync(root, 1);
        var pod = await api.EventuallyAsync(root + "/pods/pod-adoption", found => found.At("metadata.ownerReferences.0.kind") == "ReplicationController", "the pod is adopted");
        Assert.Equal("true", pod.At("metadata.ownerReferences.0.controller"));
    }

    [Conformance("[sig-apps] ReplicationController should release no longer matching pods")]
    public async Task Release()
    {
        var root = await RootAsync();
        await ControllerAsync(root, 1);
        var pods = await api.EventuallyAsync(root + "/pods", list => list.Items.Count == 1, "a pod");
        var pod = $"{root}/pods/{pods.Items[0].At("metadata.name")}";
        await api.UpdateAsync(pod, value => value["metadata"]!["labels"]!["name"] = "not-matching");
        await api.EventuallyAsync(pod, found => found.At("metadata.ownerReferences") == "", "the pod is released");
    }

    [Conformance("[sig-apps] ReplicationController should get and update a ReplicationController scale")]
    public async Task Scale()
    {
        var path = await ControllerAsync(await RootAsync(), 1);
        await api.EventuallyAsync(path, found => found.At("status.replicas") == "1", "one pod");
        var scale = (await api.GetAsync(path + "/scale")).Json;
        Assert.Equal("1", scale.At("spec.replicas"));
        scale["spec"]!["replicas"] = 2;
        scale["metadata"]!["resourceVersion"] = "";
        (await api.SendAsync("PUT", path + "/scale", scale.ToJsonString())).Expect(200);
        await api.EventuallyAsync(path, found => found.At("status.replicas") == "2" && found.At("spec.replicas") == "2", "two pods");
    }

    [Conformance("[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota")]
    public async Task Failure()
    {
        var root = await RootAsync();
        await api.CreateAsync(root + "/resourcequotas", """{"metadata":{"name":"condition-test"},"spec":{"hard":{"pods":"2"}}}""");
        await api.EventuallyAsync(root + "/resourcequotas/condition-test", quota => quota.At("status.hard.pods") == "2", "the quota counts");
        var path = await ControllerAsync(root, 3);
        var told = await api.EventuallyAsync(path, found => found.At("status.conditions.0.type") == "ReplicaFailure", "it says that it fails");
        Assert.Equal("FailedCreate", told.At("status.conditions.0.reason"));
        await api.UpdateAsync(path, value => value["spec"]!["replicas"] = 2);
        await api.EventuallyAsync(path, found => found.At("status.observedGeneration") == found.At("metadata.generation") && found.At("status.conditions") is "" or "[]", "it fails no more");
    }

    [Conformance("[sig-apps] ReplicationController should test the lifecycle of a ReplicationController")]
    public async Task Lifecycle()
    {
        var root = await RootAsync();
        await using var watch = await api.WatchAsync(root + "/replicationcontrollers?watch=1");
        var path = await ControllerAsync(root, 1, """{"test-rc-static":"true"}""");
        await watch.NextAsync("ADDED");
        await watch.UntilAsync("MODIFIED", seen => seen.At("status.readyReplicas") == "1");
        (await api.SendAsync("PATCH", path, """{"metadata":{"labels":{"test-rc":"patched"}}}""", "application/strategic-merge-patch+json")).Expect(200);
        await watch.UntilAsync("MODIFIED", seen => seen.At("metadata.labels.test-rc") == "patched");
        await api.PatchAsync(path + "/status", """{"status":{"readyReplicas":0,"availableReplicas":0}}""");
        Assert.NotEmpty((await api.GetAsync(path + "/status")).At("status.replicas"));
        await watch.UntilAsync("MODIFIED", seen => seen.At("status.readyReplicas") == "1");
        await api.PatchAsync(path + "/scale", """{"spec":{"replicas":2}}""");
        await watch.UntilAsync("MODIFIED", seen => seen.At("status.readyReplicas") == "2");
        await api.UpdateAsync(path, value => value["metadata"]!["labels"]!["test-rc"] = "updated");
        Assert.Contains((await api.GetAsync("/api/v1/replicationcontrollers?labelSelector=test-rc-static%3Dtrue")).Items, found => found.At("metadata.labels.test-rc") == "updated");
        await api.DeleteAsync(root + "/replicationcontrollers?labelSelector=test-rc-static%3Dtrue");
        await watch.UntilAsync("DELETED", _ => true);
    }

    [Conformance("[sig-apps] DisruptionController should create a PodDisruptionBudget")]
    public async Task CreateBudget()
    {
        var budgets = await BudgetsAsync();
        var made = await api.CreateAsync(budgets, """{"metadata":{"name":"foo"},"spec":{"minAvailable":"1%","selector":{"matchLabels":{"foo":"bar"}}}}""");
        Assert.Equal("1%", made.At("spec.minAvailable"));
        await DoneAsync(budgets + "/foo");
        Assert.Equal("2%", (await api.UpdateAsync(budgets + "/foo", value => value["spec"]!["minAvailable"] = "2%")).At("spec.minAvailable"));
        await DoneAsync(budgets + "/foo");
        Assert.Equal("3%", (await api.PatchAsync(budgets + "/foo", """{"spec":{"minAvailable":"3%"}}""")).At("spec.minAvailable"));
        await DoneAsync(budgets + "/foo");
        await api.DeleteAsync(budgets + "/foo");
        await api.GoneAsync(budgets + "/foo");
    }

    [Conformance("[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets")]
    public async Task Budgets()
    {
        var (first, second) = (await BudgetsAsync(), await BudgetsAsync());
        foreach (var (path, name) in new[] { (first, "foo"), (first, "foo2"), (second, "foo3") })
        {
            await api.CreateAsync(path, $$$"""{"metadata":{"name":"{{{name}}}","labels":{"set":"{{{first.Split('/')[5]}}}"} },"spec":{"minAvailable":2,"selector":{"matchLabels":{"foo":"bar"} } } }""");
        }

        Assert.Equal(3, (await api.GetAsync($"/apis/policy/v1/poddisruptionbudgets?labelSelector=set%3D{first.Split('/')[5]}")).Items.Count);
        Assert.Equal(2, (await api.GetAsync(first)).Items.Count);
        await api.DeleteAsync(first);
        await api.EventuallyAsync(first, list => list.Items.Count == 0, "no budgets");
        Assert.Single((await api.GetAsync(second)).Items);
    }

    [Conformance("[sig-apps] DisruptionController should observe PodDisruptionBudget status updated")]
    public async Task Observe()
    {
        var budgets = await BudgetsAsync();
        await api.CreateAsync(budgets, """{"metadata":{"name":"foo"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"name":"test"}}}}""");
        await ControllerAsync(budgets.Replace("/apis/policy/v1", "/api/v1", StringComparison.Ordinal).Replace("/poddisruptionbudgets", "", StringComparison.Ordinal), 3);
        await api.EventuallyAsync(budgets + "/foo", found => found.At("status.disruptionsAllowed") == "2" && found.At("status.expectedPods") == "3" && found.At("status.currentHealthy") == "3", "two may go");
    }

    [Conformance("[sig-apps] DisruptionController should update/patch PodDisruptionBudget status")]
    public async Task BudgetStatus()
    {
        var budgets = await BudgetsAsync();
        await api.CreateAsync(budgets, """{"metadata":{"name":"foo"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"foo":"bar"}}}}""");
        await DoneAsync(budgets + "/foo");
        var stamp = "2024-01-01T00:00:00Z";
        var updated = await api.UpdateAsync(budgets + "/foo", value => value["status"]!["disruptedPods"] = new JsonObject { ["pod-1"] = stamp }, "/status");
        Assert.Equal(stamp, updated.At("status.disruptedPods.pod-1"));
        var patched = await api.PatchAsync(budgets + "/foo/status", """{"status":{"disruptedPods":null}}""");
        Assert.Equal("", patched.At("status.disruptedPods"));
    }

    [Conformance("[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it")]
    public async Task Eviction()
    {
        var budgets = await BudgetsAsync();
        var root = budgets.Replace("/apis/policy/v1", "/api/v1", StringComparison.Ordinal).Replace("/poddisruptionbudgets", "", StringComparison.Ordinal);
        await api.CreateAsync(budgets, """{"metadata":{"name":"foo"},"spec":{"minAvailable":3,"selector":{"matchLabels":{"name":"test"}}}}""");
        await ControllerAsync(root, 3);
        await api.EventuallyAsync(budgets + "/foo", found => found.At("status.currentHealthy") == "3" && found.At("status.disruptionsAllowed") == "0", "none may go");
        var name = (await api.GetAsync(root + "/pods")).Items[0].At("metadata.name");
        var eviction = $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{name}}}"} }""";
        var refused = (await api.SendAsync("POST", $"{root}/pods/{name}/eviction", eviction)).ExpectRefusal(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
        Assert.Equal("DisruptionBudget", refused.At("details.causes.0.reason"));
        await api.PatchAsync(budgets + "/foo", """{"spec":{"minAvailable":2}}""");
        await api.EventuallyAsync(budgets + "/foo", found => found.At("status.disruptionsAllowed") == "1", "one may go");
        (await api.SendAsync("POST", $"{root}/pods/{name}/eviction", eviction)).Expect(201);
        await api.EventuallyAsync($"{root}/pods/{name}", found => found.Code == 404 || found.At("metadata.deletionTimestamp").Length > 0, "it goes");
        await api.EventuallyAsync(budgets + "/foo", found => found.At("status.currentHealthy") == "3", "another in its stead");
        // What is deleted asks no budget.
        await api.PatchAsync(budgets + "/foo", """{"spec":{"minAvailable":3}}""");
        await api.DeleteAsync($"{root}/pods/{(await api.GetAsync(root + "/pods")).Items[0].At("metadata.name")}");
    }

    private async Task<string> RootAsync() => "/api/v1/namespaces/" + await api.NamespaceAsync();

    private async Task<string> BudgetsAsync() => $"/apis/policy/v1/namespaces/{await api.NamespaceAsync()}/poddisruptionbudgets";

    private Task<Answer> DoneAsync(string budget) => api.EventuallyAsync(budget, found => found.At("status.observedGeneration") == found.At("metadata.generation"), "the budget is observed");

    private async Task<string> ControllerAsync(string root, int replicas, string labels = "{}")
    {
        await api.CreateAsync(root + "/replicationcontrollers", $$$"""{"metadata":{"name":"test","labels":{{{labels}}} },"spec":{"replicas":{{{replicas}}},"selector":{"name":"test"},"template":{{{Template}}} } }""");
        return root + "/replicationcontrollers/test";
    }
}
