using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>What goes with its owner, and what stays.</summary>
public sealed class GarbageTests(ControlPlane api)
{
    private const string Orphan = """{"propagationPolicy":"Orphan"}""";
    private const string Background = """{"propagationPolicy":"Background"}""";
    private const string Foreground = """{"propagationPolicy":"Foreground"}""";

    [Conformance("[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning")]
    public async Task PodsOfController()
    {
        var (pods, controller) = await ControllerAsync(2);
        await api.DeleteAsync(controller, Background);
        await api.EventuallyAsync(pods, list => list.Items.Count == 0, "no pods");
        await api.GoneAsync(controller);
    }

    [Conformance("[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so")]
    public async Task OrphanedPods()
    {
        const int Replicas = 30;
        var (pods, controller) = await ControllerAsync(Replicas);
        await api.DeleteAsync(controller, Orphan);
        await api.GoneAsync(controller);
        await PassGarbageAsync(pods);
        var left = (await api.GetAsync(pods)).Items;
        Assert.Equal(Replicas, left.Count);
        Assert.All(left, pod => Assert.Equal(("", ""), (pod.At("metadata.ownerReferences"), pod.At("metadata.deletionTimestamp"))));
    }

    [Conformance("[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so")]
    public async Task Foregrounded()
    {
        var (pods, controller) = await ControllerAsync(20);
        await using var watch = await api.WatchAsync($"{pods}?watch=1&resourceVersion={(await api.GetAsync(pods)).At("metadata.resourceVersion")}");
        await api.DeleteAsync(controller, Foreground);
        for (var gone = 0; gone < 20; gone++)
        {
            await watch.UntilAsync("DELETED", _ => true);
            var owner = await api.SendAsync("GET", controller);
            // The owner waits for the last of them; only then may it be gone.
            Assert.True(owner.Code == 200 ? owner.At("metadata.deletionTimestamp").Length > 0 && owner.Text.Contains("foregroundDeletion", StringComparison.Ordinal) : (await api.GetAsync(pods)).Items.Count == 0, owner.Text);
        }

        await api.GoneAsync(controller);
        Assert.Empty((await api.GetAsync(pods)).Items);
    }

    [Conformance("[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning")]
    public async Task SetsOfDeployment()
    {
        var (sets, deployment) = await DeploymentAsync();
        await api.DeleteAsync(deployment, Background);
        await api.EventuallyAsync(sets, list => list.Items.Count == 0, "no replica sets");
        await api.GoneAsync(deployment);
    }

    [Conformance("[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan")]
    public async Task OrphanedSets()
    {
        var (sets, deployment) = await DeploymentAsync();
        await api.DeleteAsync(deployment, Orphan);
        await api.GoneAsync(deployment);
        await PassGarbageAsync(sets);
        Assert.Equal("", Assert.Single((await api.GetAsync(sets)).Items).At("metadata.ownerReferences"));
    }

    [Conformance("[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted")]
    public async Task TwoOwners()
    {
        var (pods, leaving) = await ControllerAsync(10);
        var (_, staying) = await ControllerAsync(0, pods);
        var stays = (await api.GetAsync(staying)).Json;
        var shared = (await api.GetAsync(pods)).Items.Take(5).Select(pod => pod.At("metadata.name")).ToHashSet();
        foreach (var name in shared)
        {
            await api.UpdateAsync($"{pods}/{name}", pod => ((JsonArray)pod["metadata"]!["ownerReferences"]!).Add(JsonNode.Parse(
                $$$"""{"apiVersion":"v1","kind":"ReplicationController","name":"{{{stays.At("metadata.name")}}}","uid":"{{{stays.At("metadata.uid")}}}"}""")));
        }

        await api.DeleteAsync(leaving, Foreground);
        await api.GoneAsync(leaving);
        await PassGarbageAsync(pods);
        var left = (await api.GetAsync(pods)).Items.Where(pod => pod.At("metadata.deletionTimestamp").Length == 0).ToList();
        Assert.Equal(shared.Order(), left.Select(pod => pod.At("metadata.name")).Order());
        Assert.All(left, pod => Assert.Equal(stays.At("metadata.uid"), Assert.Single(pod["metadata"]!["ownerReferences"]!.AsArray())!["uid"]!.ToString()));
    }

    [Conformance("[sig-api-machinery] Garbage collector should not be blocked by dependency circle")]
    public async Task Circle()
    {
        var pods = $"/api/v1/namespaces/{await api.NamespaceAsync()}/pods";
        for (var number = 1; number <= 3; number++)
        {
            await api.CreateAsync(pods, $$$"""{"metadata":{"name":"pod{{{number}}}"},"spec":{"containers":[{"name":"c","image":"i"}]} }""");
        }

        for (var number = 1; number <= 3; number++)
        {
            var owner = (await api.GetAsync($"{pods}/pod{1 + ((number + 1) % 3)}")).Json;
            await api.PatchAsync(
                $"{pods}/pod{number}",
                $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"{{{owner.At("metadata.name")}}}","uid":"{{{owner.At("metadata.uid")}}}","controller":true,"blockOwnerDeletion":true}]} }""");
        }

        await api.DeleteAsync(pods + "/pod1", Foreground);
        await api.EventuallyAsync(pods, list => list.Items.Count == 0, "no pods of the circle");
    }

    // Garbage that came later than what was done before is collected: so all that was to be collected before is.
    private async Task PassGarbageAsync(string path)
    {
        var parts = path.Split('/');
        var maps = $"/api/v1/namespaces/{parts[Array.IndexOf(parts, "namespaces") + 1]}/configmaps";
        var owner = (await api.CreateAsync(maps, """{"metadata":{"name":"owner"}}""")).Json;
        await api.CreateAsync(maps, $$$"""{"metadata":{"name":"owned","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"{{{owner.At("metadata.uid")}}}"}]} }""");
        await api.DeleteAsync(maps + "/owner", Background);
        await api.GoneAsync(maps + "/owned");
    }

    private async Task<(string Pods, string Controller)> ControllerAsync(int replicas, string? beside = null)
    {
        var pods = beside ?? $"/api/v1/namespaces/{await api.NamespaceAsync()}/pods";
        var controllers = pods.Replace("/pods", "/replicationcontrollers", StringComparison.Ordinal);
        var name = $"simpletest.rc{replicas}";
        await api.CreateAsync(controllers, $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"replicas":{{{replicas}}},"selector":{"name":"{{{name}}}"},
             "template":{"metadata":{"labels":{"name":"{{{name}}}"} },"spec":{"containers":[{"name":"nginx","image":"nginx"}]} } }}
            """);
        await api.EventuallyAsync($"{controllers}/{name}", found => found.At("status.observedGeneration") == "1" && found.At("status.replicas") == $"{replicas}", $"{replicas} pods");
        return (pods, $"{controllers}/{name}");
    }

    private async Task<(string Sets, string Deployment)> DeploymentAsync()
    {
        var root = $"/apis/apps/v1/namespaces/{await api.NamespaceAsync()}";
        await api.CreateAsync(root + "/deployments", """
            {"metadata":{"name":"simpletest.deployment"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"gc"}},
             "template":{"metadata":{"labels":{"app":"gc"}},"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}}}
            """);
        await api.EventuallyAsync(root + "/replicasets", list => list.Items.Count == 1, "a replica set");
        return (root + "/replicasets", root + "/deployments/simpletest.deployment");
    }
}
