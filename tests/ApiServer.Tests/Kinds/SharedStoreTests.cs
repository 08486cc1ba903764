using System.Text.Json.Nodes;

namespace KubeAspire.ApiServer.Tests.Kinds;

/// <summary>Two versions over one store, evictions and budgets, and what the server itself makes of the workload kinds.</summary>
public sealed class SharedStoreTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string TableV1 = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    [Fact]
    public async Task AnEvent_IsOneObject_InBothGroups()
    {
        var ns = await api.NamespaceAsync();
        var (old, now) = ($"/api/v1/namespaces/{ns}/events", $"/apis/events.k8s.io/v1/namespaces/{ns}/events");
        var made = await api.SendAsync("POST", old, $$$"""{"metadata":{"name":"a"},"involvedObject":{"kind":"Pod","name":"p","namespace":"{{{ns}}}"},"reason":"Pulled","message":"m","type":"Normal","source":{"component":"kubelet"},"count":2,"firstTimestamp":"2026-11-21T11:00:00Z"}""");
        Assert.Equal(201, made.Code);
        var seen = await api.SendAsync("GET", now + "/a");
        Assert.Equal(("events.k8s.io/v1", "m", "p", "kubelet", made.At("metadata.resourceVersion")), (seen.At("apiVersion"), seen.At("note"), seen.At("regarding.name"), seen.At("deprecatedSource.component"), seen.At("metadata.resourceVersion")));

        var other = await api.SendAsync("POST", now, $$$"""{"metadata":{"name":"b"},"regarding":{"kind":"Pod","name":"q","namespace":"{{{ns}}}"},"eventTime":"2026-11-21T11:00:00.000000Z","action":"a","reason":"Began","reportingController":"x.y/c","reportingInstance":"i","type":"Warning","note":"n"}""");
        Assert.Equal((201, "n"), (other.Code, other.At("note")));
        Assert.Equal("n", (await api.SendAsync("GET", old + "/b")).At("message"));
        Assert.Equal(409, (await api.SendAsync("POST", now, other.Text.Replace("\"uid\"", "\"x\"", StringComparison.Ordinal).Replace("\"resourceVersion\"", "\"y\"", StringComparison.Ordinal))).Code);

        Assert.Equal("b", Names(await api.SendAsync("GET", now + "?fieldSelector=regarding.name%3Dq")));
        Assert.Equal("b", Names(await api.SendAsync("GET", old + "?fieldSelector=involvedObject.name%3Dq")));
        Assert.Equal(400, (await api.SendAsync("GET", now + "?fieldSelector=involvedObject.name%3Dq")).Code);
        Assert.Equal("a b", Names(await api.SendAsync("GET", now)));
        var page = await api.SendAsync("GET", now + "?limit=1");
        Assert.Equal("b", Names(await api.SendAsync("GET", $"{now}?limit=1&continue={page.At("metadata.continue")}")));
        Assert.Contains("pod/q", (await api.SendAsync("GET", now, accept: TableV1)).Text, StringComparison.Ordinal);

        var watched = await api.SendAsync("GET", $"{now}?watch=true&resourceVersion={made.At("metadata.resourceVersion")}&timeoutSeconds=1");
        var change = JsonNode.Parse(watched.Text.Split('\n')[0])!;
        Assert.Equal(("ADDED", "n", "events.k8s.io/v1"), ((string)change["type"]!, (string)change["object"]!["note"]!, (string)change["object"]!["apiVersion"]!));

        var patched = await api.SendAsync("PATCH", now + "/a", """{"deprecatedCount":3}""", "application/merge-patch+json");
        Assert.Equal((200, "3"), (patched.Code, patched.At("deprecatedCount")));
        Assert.Equal("3", (await api.SendAsync("GET", old + "/a")).At("count"));
        Assert.Equal(200, (await api.SendAsync("DELETE", now + "/a")).Code);
        Assert.Equal(404, (await api.SendAsync("GET", old + "/a")).Code);
    }

    [Fact]
    public async Task AnAutoscaler_IsOneObject_InBothVersions()
    {
        var ns = await api.NamespaceAsync();
        var (v1, v2) = ($"/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers", $"/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers");
        Assert.Equal(201, (await api.SendAsync("POST", v1, """{"metadata":{"name":"web"},"spec":{"maxReplicas":4,"targetCPUUtilizationPercentage":60,"scaleTargetRef":{"kind":"Deployment","name":"web","apiVersion":"apps/v1"}}}""")).Code);
        var shown = await api.SendAsync("GET", v2 + "/web");
        Assert.Equal(("60", "1"), (shown.At("spec.metrics.0.resource.target.averageUtilization"), shown.At("spec.minReplicas")));

        var behaviour = """{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","spec":{"behavior":{"scaleUp":{"stabilizationWindowSeconds":9,"selectPolicy":"Max","policies":[{"type":"Pods","value":1,"periodSeconds":15}]}}}}""";
        var applied = await api.SendAsync("PATCH", v2 + "/web?fieldManager=me", behaviour, "application/apply-patch+yaml");
        Assert.Equal((200, "9"), (applied.Code, applied.At("spec.behavior.scaleUp.stabilizationWindowSeconds")));
        Assert.Equal(200, (await api.SendAsync("PATCH", v1 + "/web", """{"spec":{"maxReplicas":7}}""", "application/strategic-merge-patch+json")).Code);
        var kept = await api.SendAsync("GET", v2 + "/web");
        Assert.Equal(("7", "9", "60"), (kept.At("spec.maxReplicas"), kept.At("spec.behavior.scaleUp.stabilizationWindowSeconds"), kept.At("spec.metrics.0.resource.target.averageUtilization")));
        Assert.Equal("v2", (await api.SendAsync("GET", "/apis/autoscaling")).At("preferredVersion.version"));
    }

    [Fact]
    public async Task AnEviction_AsksTheBudget()
    {
        var ns = await api.NamespaceAsync();
        foreach (var name in (string[])["a", "b"])
        {
            Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", $$$"""{"metadata":{"name":"{{{name}}}","labels":{"app":"db"}},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}""")).Code);
            await api.SendAsync("PATCH", $"/api/v1/namespaces/{ns}/pods/{name}/status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", "application/merge-patch+json");
        }

        var budgets = $"/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets";
        Assert.Equal(201, (await api.SendAsync("POST", budgets, """{"metadata":{"name":"db"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"db"}}}}""")).Code);
        await api.SendAsync("PATCH", budgets + "/db/status", """{"status":{"disruptionsAllowed":0,"currentHealthy":0}}""", "application/merge-patch+json");
        var none = await api.SendAsync("GET", budgets + "/db");
        Assert.Equal(("0", "0"), (none.At("status.disruptionsAllowed"), none.At("status.currentHealthy")));
        var early = await EvictAsync(ns, "a");
        Assert.Equal((429, "The disruption budget db is still being processed by the server."), (early.Code, early.At("details.causes.0.message")));
        await api.SendAsync("PATCH", budgets + "/db/status", """{"status":{"observedGeneration":1,"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,"expectedPods":2}}""", "application/merge-patch+json");

        Assert.Equal(201, (await EvictAsync(ns, "a", dryRun: true)).Code);
        Assert.DoesNotContain("DisruptionTarget", (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/a")).Text, StringComparison.Ordinal);
        Assert.Equal(201, (await EvictAsync(ns, "a")).Code);
        // Why it goes is to be read on the pod while it goes.
        Assert.Contains("\"reason\":\"EvictionByEvictionAPI\"", (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/a")).Text, StringComparison.Ordinal);
        var charged = await api.SendAsync("GET", budgets + "/db");
        Assert.NotEqual("", charged.At("status.disruptedPods.a"));
        var refused = await EvictAsync(ns, "b");
        Assert.Equal((429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."), (refused.Code, refused.Reason, refused.At("message")));
        Assert.Equal(("DisruptionBudget", "The disruption budget db needs 1 healthy pods and has 2 currently"), (refused.At("details.causes.0.reason"), refused.At("details.causes.0.message")));
    }

    [Fact]
    public async Task AJob_GetsItsSelectorFromTheServer()
    {
        var ns = await api.NamespaceAsync();
        var job = await api.SendAsync("POST", $"/apis/batch/v1/namespaces/{ns}/jobs", """{"metadata":{"generateName":"sum-"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""");
        Assert.Equal(201, job.Code);
        Assert.Equal(job.At("metadata.uid"), JsonNode.Parse(job.Text)!["spec"]!["selector"]!["matchLabels"]!["batch.kubernetes.io/controller-uid"]!.ToString());
        Assert.Equal(job.At("metadata.name"), JsonNode.Parse(job.Text)!["spec"]!["template"]!["metadata"]!["labels"]!["batch.kubernetes.io/job-name"]!.ToString());
        Assert.Equal("2000001000", (await api.SendAsync("GET", "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical")).At("value"));
    }

    private Task<ApiResponse> EvictAsync(string ns, string pod, bool dryRun = false) => api.SendAsync(
        "POST", $"/api/v1/namespaces/{ns}/pods/{pod}/eviction{(dryRun ? "?dryRun=All" : "")}", $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{pod}}}"}}""");

    private static string Names(ApiResponse list) => string.Join(' ', ((JsonArray)JsonNode.Parse(list.Text)!["items"]!).Select(item => item!["metadata"]!["name"]!.ToString()));
}
