using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Namespaces: changed in every way, and what goes with them.</summary>
public sealed class NamespaceTests(ControlPlane api)
{
    [Conformance("[sig-api-machinery] Namespaces should patch a Namespace")]
    public async Task Patch()
    {
        var path = "/api/v1/namespaces/" + await api.NamespaceAsync();
        (await api.SendAsync("PATCH", path, """{"metadata":{"labels":{"testLabel":"testValue"}}}""", "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal("testValue", (await api.GetAsync(path)).At("metadata.labels.testLabel"));
    }

    [Conformance("[sig-api-machinery] Namespaces should apply an update to a Namespace")]
    public async Task Update()
    {
        var ns = await api.NamespaceAsync();
        var updated = await api.UpdateAsync("/api/v1/namespaces/" + ns, value => value["metadata"]!["labels"]![ns] = "updated");
        Assert.Equal("updated", updated.At("metadata.labels." + ns));
    }

    [Conformance("[sig-api-machinery] Namespaces should apply changes to a namespace status")]
    public async Task Status()
    {
        var path = "/api/v1/namespaces/" + await api.NamespaceAsync();
        Assert.Equal("Active", (await api.GetAsync(path + "/status")).At("status.phase"));
        const string Condition = """{"type":"StatusPatch","status":"True","reason":"E2E","message":"Patched by an e2e test","lastTransitionTime":"2024-01-01T00:00:00Z"}""";
        var patched = await api.PatchAsync(path + "/status", """{"metadata":{"annotations":{"e2e-patched-ns-status":"patched"}},"status":{"conditions":[""" + Condition + "]}}");
        Assert.Equal(("patched", "StatusPatch", "Patched by an e2e test"), (patched.At("metadata.annotations.e2e-patched-ns-status"), patched.At("status.conditions.0.type"), patched.At("status.conditions.0.message")));
        var updated = await api.UpdateAsync(path, value => ((JsonArray)value["status"]!["conditions"]!).Add(JsonNode.Parse(Condition.Replace("Patch", "Update", StringComparison.Ordinal))), "/status");
        Assert.Equal(["StatusPatch", "StatusUpdate"], updated.Json["status"]!["conditions"]!.AsArray().Select(condition => condition!["type"]!.ToString()).Order());
    }

    [Conformance("[sig-api-machinery] Namespaces should apply a finalizer to a Namespace")]
    public async Task Finalizer()
    {
        const string Fake = "e2e.example.com/fakeFinalizer";
        var path = "/api/v1/namespaces/" + await api.NamespaceAsync();
        var held = await api.UpdateAsync(path, value => ((JsonArray)value["spec"]!["finalizers"]!).Add((JsonNode)Fake), "/finalize");
        Assert.Contains(Fake, held.Json["spec"]!["finalizers"]!.AsArray().Select(finalizer => finalizer!.ToString()));
        var freed = await api.UpdateAsync(path, value => value["spec"]!["finalizers"] = new JsonArray("kubernetes"), "/finalize");
        Assert.DoesNotContain(Fake, freed.Text, StringComparison.Ordinal);
        await api.DeleteAsync(path);
        await api.GoneAsync(path);
    }

    [Conformance("[sig-api-machinery] Namespaces should ensure that all pods are removed when a namespace is deleted")]
    public Task Pods() => RemovedAsync("pods", """{"metadata":{"name":"test-pod"},"spec":{"containers":[{"name":"nginx","image":"pause"}]}}""");

    [Conformance("[sig-api-machinery] Namespaces should ensure that all services are removed when a namespace is deleted")]
    public Task Services() => RemovedAsync("services", """{"metadata":{"name":"test-service"},"spec":{"selector":{"foo":"bar"},"ports":[{"port":80}]}}""");

    [Conformance("[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first")]
    public async Task PodsFirst()
    {
        var ns = await api.NamespaceAsync();
        var path = "/api/v1/namespaces/" + ns;
        await api.CreateAsync(path + "/pods", """{"metadata":{"name":"held","finalizers":["example.com/e2e"]},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await api.CreateAsync(path + "/configmaps", """{"metadata":{"name":"later"}}""");
        await api.DeleteAsync(path);
        await api.EventuallyAsync(path + "/pods/held", pod => pod.At("metadata.deletionTimestamp").Length > 0, "the pod is leaving");
        var told = await api.EventuallyAsync(path, found => found.Text.Contains("\"NamespaceContentRemaining\"", StringComparison.Ordinal) && found.Text.Contains("\"NamespaceFinalizersRemaining\"", StringComparison.Ordinal), "the namespace says what is left");
        Assert.Equal("Terminating", told.At("status.phase"));
        // While a pod is there, nothing else is touched.
        Assert.Equal("", (await api.GetAsync(path + "/configmaps/later")).At("metadata.deletionTimestamp"));
        await api.PatchAsync(path + "/pods/held", """{"metadata":{"finalizers":null}}""");
        await api.GoneAsync(path);
    }

    private async Task RemovedAsync(string plural, string body)
    {
        var ns = await api.NamespaceAsync();
        var path = "/api/v1/namespaces/" + ns;
        await api.CreateAsync($"{path}/{plural}", body);
        await api.DeleteAsync(path);
        await api.GoneAsync(path);
        await api.CreateAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{ns}}}"} }""");
        Assert.Empty((await api.GetAsync($"{path}/{plural}")).Items);
    }
}
