using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Jobs, whose pods end as they are told to, and the API of cron jobs.</summary>
public sealed class JobTests(ControlPlane api)
{
    [Conformance("[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted")]
    public async Task LocalRestarts()
    {
        var job = await CreateAsync("exits:1", """{"parallelism":2,"completions":4,"backoffLimit":6}""", restart: "OnFailure");
        await CompleteAsync(job, 4);
        Assert.Equal(4, (await PodsAsync(job)).Count(pod => pod.At("status.phase") == "Succeeded"));
    }

    [Conformance("[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname")]
    public async Task Indexed()
    {
        var job = await CreateAsync("exits:0", """{"parallelism":2,"completions":4,"completionMode":"Indexed"}""");
        var done = await CompleteAsync(job, 4);
        Assert.Equal("0-3", done.At("status.completedIndexes"));
        var pods = await PodsAsync(job);
        Assert.Equal(["0", "1", "2", "3"], pods.Select(pod => pod.At("metadata.annotations.[batch.kubernetes.io/job-completion-index]")).Order());
        Assert.All(pods, pod => Assert.Equal($"test-{pod.At("metadata.annotations.[batch.kubernetes.io/job-completion-index]")}", pod.At("spec.hostname")));
    }

    [Conformance("[sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex")]
    public async Task BackoffPerIndex()
    {
        var job = await CreateAsync("exits:1,0", """{"parallelism":2,"completions":4,"backoffLimitPerIndex":0,"completionMode":"Indexed"}""");
        var failed = await FailedAsync(job, "FailedIndexes");
        Assert.Equal(("0,2", "1,3", "2", "2"), (failed.At("status.failedIndexes"), failed.At("status.completedIndexes"), failed.At("status.failed"), failed.At("status.succeeded")));
    }

    [Conformance("[sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes")]
    public async Task MaxFailedIndexes()
    {
        var job = await CreateAsync("exits:1", """{"parallelism":1,"completions":4,"backoffLimitPerIndex":0,"maxFailedIndexes":0,"completionMode":"Indexed"}""");
        var failed = await FailedAsync(job, "MaxFailedIndexesExceeded");
        Assert.Equal(("0", "", "1"), (failed.At("status.failedIndexes"), failed.At("status.completedIndexes"), failed.At("status.failed")));
    }

    [Conformance("[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy")]
    public async Task FailIndex()
    {
        var job = await CreateAsync(
            "exits:42,0", """{"parallelism":2,"completions":2,"backoffLimitPerIndex":1,"completionMode":"Indexed","podFailurePolicy":{"rules":[{"action":"FailIndex","onExitCodes":{"operator":"In","values":[42]}}]}}""");
        var failed = await FailedAsync(job, "FailedIndexes");
        Assert.Equal(("0", "1", "1"), (failed.At("status.failedIndexes"), failed.At("status.completedIndexes"), failed.At("status.failed")));
    }

    [Conformance("[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early")]
    public async Task FailEarly()
    {
        var job = await CreateAsync(
            "exits:1", """{"parallelism":1,"completions":1,"backoffLimit":1,"podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[1]}}]}}""");
        var failed = await FailedAsync(job, "PodFailurePolicy");
        Assert.Equal("1", failed.At("status.failed"));
    }

    [Conformance("[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition")]
    public async Task IgnoreDisruption()
    {
        var job = await CreateAsync(
            "waits", """{"parallelism":1,"completions":1,"backoffLimit":0,"podFailurePolicy":{"rules":[{"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]}]}}""");
        var pods = job.Replace("/apis/batch/v1", "/api/v1", StringComparison.Ordinal).Replace("/jobs/test", "/pods", StringComparison.Ordinal);
        var first = (await api.EventuallyAsync(pods, list => list.Items.Count == 1, "a pod")).Items[0];
        (await api.SendAsync("POST", $"{pods}/{first.At("metadata.name")}/eviction", $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{first.At("metadata.name")}}}"} }""")).Expect(201);
        var second = (await api.EventuallyAsync(pods, list => list.Items.Any(pod => pod.At("metadata.uid") != first.At("metadata.uid") && pod.At("metadata.deletionTimestamp") == ""), "another in its stead")).Items
            .First(pod => pod.At("metadata.uid") != first.At("metadata.uid"));
        // The disruption did not count: the job may still end well.
        Assert.True((await api.GetAsync(job)).At("status.failed") is "" or "0");
        await api.PatchAsync($"{pods}/{second.At("metadata.name")}/status", """{"status":{"phase":"Succeeded"}}""");
        await CompleteAsync(job, 1);
    }

    [Conformance("[sig-apps] Job with successPolicy should succeeded when all indexes succeeded")]
    public async Task SuccessOfAll() => await PolicyAsync(
        "exits:0", """{"parallelism":2,"completions":2,"backoffLimit":6,"completionMode":"Indexed","successPolicy":{"rules":[{"succeededIndexes":"0-1"}]}}""", "0,1");

    [Conformance("[sig-apps] Job with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending")]
    public async Task SuccessOfIndexes() => await PolicyAsync(
        "exits:0", """{"parallelism":1,"completions":5,"backoffLimit":6,"completionMode":"Indexed","successPolicy":{"rules":[{"succeededIndexes":"0"}]}}""", "0");

    [Conformance("[sig-apps] Job with successPolicy succeededCount rule should succeeded even when some indexes remain pending")]
    public async Task SuccessOfCount() => await PolicyAsync(
        "exits:0", """{"parallelism":1,"completions":5,"backoffLimit":6,"completionMode":"Indexed","successPolicy":{"rules":[{"succeededCount":1}]}}""", "0");

    [Conformance("[sig-apps] Job should adopt matching orphans and release non-matching pods")]
    public async Task AdoptAndRelease()
    {
        var job = await CreateAsync("waits", """{"parallelism":1,"completions":1}""");
        var pods = job.Replace("/apis/batch/v1", "/api/v1", StringComparison.Ordinal).Replace("/jobs/test", "/pods", StringComparison.Ordinal);
        var pod = $"{pods}/{(await api.EventuallyAsync(pods, list => list.Items.Count == 1, "a pod")).Items[0].At("metadata.name")}";
        await api.UpdateAsync(pod, value => value["metadata"]!.AsObject().Remove("ownerReferences"));
        await api.EventuallyAsync(pod, found => found.At("metadata.ownerReferences.0.kind") == "Job", "the pod is adopted again");
        await api.UpdateAsync(pod, value => value["metadata"]!.AsObject().Remove("labels"));
        await api.EventuallyAsync(pod, found => found.At("metadata.ownerReferences") == "", "the pod is released");
    }

    [Conformance("[sig-apps] Job should delete a job")]
    public async Task Delete()
    {
        var job = await CreateAsync("run", """{"parallelism":2,"completions":4}""");
        await api.EventuallyAsync(job, found => found.At("status.active") == "2", "two pods");
        await api.DeleteAsync(job, """{"propagationPolicy":"Foreground"}""");
        await api.GoneAsync(job);
        Assert.Empty(await PodsAsync(job));
    }

    [Conformance("[sig-apps] Job should apply changes to a job status")]
    public async Task Status()
    {
        var job = await CreateAsync("run", """{"parallelism":2,"completions":4}""");
        await api.EventuallyAsync(job, found => found.At("status.active") == "2", "two pods");
        var started = (await api.GetAsync(job + "/status")).At("status.startTime");
        Assert.NotEmpty(started);
        var patched = await api.PatchAsync(job + "/status", """{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"conditions":[{"type":"CustomConditionType","status":"True","lastTransitionTime":"2024-01-01T00:00:00Z"}]}}""");
        Assert.Equal(("true", "CustomConditionType"), (patched.At("metadata.annotations.patchedstatus"), patched.At("status.conditions.0.type")));
        var updated = await api.UpdateAsync(job, value => value["status"]!["conditions"]![0]!["message"] = "updated", "/status");
        Assert.Equal("updated", updated.At("status.conditions.0.message"));
    }

    [Conformance("[sig-apps] Job should manage the lifecycle of a job")]
    public async Task Lifecycle()
    {
        var ns = await api.NamespaceAsync();
        var jobs = $"/apis/batch/v1/namespaces/{ns}/jobs";
        var job = await CreateAsync("exits:0", """{"parallelism":1,"completions":1,"suspend":true}""", ns: ns);
        await api.EventuallyAsync(job, found => found.At("status.conditions.0.type") == "Suspended", "it is suspended");
        Assert.Empty(await PodsAsync(job));
        Assert.Equal("patched", (await api.PatchAsync(job, """{"metadata":{"labels":{"e2e":"patched"}}}""")).At("metadata.labels.e2e"));
        await api.UpdateAsync(job, value => (value["spec"]!["suspend"], value["metadata"]!["annotations"]) = (false, new JsonObject { ["updated"] = "true" }));
        await CompleteAsync(job, 1);
        Assert.Contains((await api.GetAsync("/apis/batch/v1/jobs?labelSelector=e2e%3Dpatched")).Items, found => found.At("metadata.namespace") == ns && found.At("metadata.annotations.updated") == "true");
        await api.DeleteAsync(jobs + "?labelSelector=e2e%3Dpatched", """{"propagationPolicy":"Background"}""");
        await api.EventuallyAsync(jobs, list => list.Items.Count == 0, "no jobs");
    }

    [Conformance("[sig-apps] CronJob should support CronJob API operations")]
    public Task CronJobs() => new ApiOperations(api)
    {
        Group = "batch", Kind = "CronJob", Plural = "cronjobs", Namespaced = true,
        Make = _ => JsonNode.Parse("""
            {"spec":{"schedule":"* */1 * * ?","concurrencyPolicy":"Allow","suspend":true,
             "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"OnFailure","containers":[{"name":"c","image":"busybox"}]}}}}}}
            """)!.AsObject(),
        Change = value => value["spec"]!["schedule"] = "0 0 * * *",
        Status = JsonNode.Parse("""{"lastScheduleTime":"2024-01-01T00:00:00Z"}""")!.AsObject(),
    }.RunAsync();

    private async Task PolicyAsync(string acts, string spec, string completed)
    {
        var job = await CreateAsync(acts, spec);
        var done = await api.EventuallyAsync(job, found => Has(found, "Complete"), "the job is complete");
        Assert.True(Has(done, "SuccessCriteriaMet"), done.Text);
        Assert.Equal("SuccessPolicy", done.Json["status"]!["conditions"]!.AsArray().OfType<JsonObject>().First(condition => condition.At("type") == "SuccessCriteriaMet").At("reason"));
        Assert.StartsWith(completed, done.At("status.completedIndexes").Replace('-', ','), StringComparison.Ordinal);
        Assert.True(done.At("status.active") is "" or "0", done.Text);
    }

    private async Task<Answer> CompleteAsync(string job, int succeeded)
    {
        var done = await api.EventuallyAsync(job, found => Has(found, "Complete"), "the job is complete");
        Assert.Equal($"{succeeded}", done.At("status.succeeded"));
        return done;
    }

    private async Task<Answer> FailedAsync(string job, string reason)
    {
        var failed = await api.EventuallyAsync(job, found => Has(found, "Failed"), "the job has failed");
        Assert.Equal(reason, failed.Json["status"]!["conditions"]!.AsArray().OfType<JsonObject>().First(condition => condition.At("type") == "Failed").At("reason"));
        return failed;
    }

    private static bool Has(Answer job, string condition) =>
        job.Code == 200 && (job.Json["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>().Any(found => found.At("type") == condition && found.At("status") == "True");

    private async Task<IReadOnlyList<JsonObject>> PodsAsync(string job) =>
        (await api.GetAsync(job.Replace("/apis/batch/v1", "/api/v1", StringComparison.Ordinal).Replace("/jobs/test", "/pods", StringComparison.Ordinal))).Items;

    private async Task<string> CreateAsync(string acts, string spec, string restart = "Never", string? ns = null)
    {
        var path = $"/apis/batch/v1/namespaces/{ns ?? await api.NamespaceAsync()}/jobs";
        var value = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "test" }, ["spec"] = JsonNode.Parse(spec) };
        value["spec"]!["template"] = JsonNode.Parse($$$"""
            {"metadata":{"annotations":{"{{{ActedNodes.Acts}}}":"{{{acts}}}"} },"spec":{"restartPolicy":"{{{restart}}}","containers":[{"name":"c","image":"busybox"}]} }
            """);
        await api.CreateAsync(path, value.ToJsonString());
        return path + "/test";
    }
}
