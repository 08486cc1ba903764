using KubeAspire.EndToEnd.Harness;
using static KubeAspire.EndToEnd.Harness.Manifests;

namespace KubeAspire.EndToEnd;

/// <summary>Jobs, cron jobs and stateful sets, as kubectl users know them.</summary>
[Collection(SharedCluster.Name)]
public sealed class BatchAndStateTests(ClusterFixture fixture) : NamespacedTests(fixture, "batch")
{
    [Fact]
    public async Task AnIndexedJob_RunsEachIndexToItsEnd()
    {
        var ns = await NamespaceAsync("jobs");
        await Cluster.KubectlAsync($"create -n {ns} -f -", Job("sum", "completions: 3, parallelism: 2, completionMode: Indexed", "echo index $JOB_COMPLETION_INDEX on $(hostname)"));
        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=complete job/sum --timeout=90s");
        Assert.Equal("3 0-2", (await Cluster.KubectlAsync($"get job sum -n {ns} -o 'jsonpath={{.status.succeeded}} {{.status.completedIndexes}}'")).Trim());
        Assert.Matches(@"(?m)^sum +Complete +3/3 +\d+s +\d+s", await Cluster.KubectlAsync($"get job -n {ns}"));
        Assert.Contains("index 1 on sum-1", await Cluster.KubectlAsync($"logs -n {ns} -l job-name=sum --tail=-1"), StringComparison.Ordinal);
        Assert.Contains("Completed", await Cluster.KubectlAsync($"describe job sum -n {ns}"), StringComparison.Ordinal);
        Assert.Empty((await Cluster.KubectlAsync($"get pods -n {ns} -o 'jsonpath={{.items[*].metadata.finalizers}}'")).Trim());
    }

    [Fact]
    public async Task AJobThatKeepsFailing_SaysThatItsLimitWasReached()
    {
        var ns = await NamespaceAsync("failing");
        await Cluster.KubectlAsync($"create -n {ns} -f -", Job("bad", "backoffLimit: 0", "exit 3"));
        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=failed job/bad --timeout=60s");
        Assert.Equal("BackoffLimitExceeded 1", (await Cluster.KubectlAsync(
            $"get job bad -n {ns} -o 'jsonpath={{.status.conditions[?(@.type==\"Failed\")].reason}} {{.status.failed}}'")).Trim());
    }

    [Fact]
    public async Task ACronJob_MakesJobs_AlsoByHand()
    {
        var ns = await NamespaceAsync("cron");
        await Cluster.KubectlAsync($"create cronjob tick -n {ns} --image={Image} --schedule=@yearly -- /bin/sh -c true");
        Assert.Matches(@"(?m)^tick +@yearly +<none> +False +0 +<none> +\d+s", await Cluster.KubectlAsync($"get cronjob -n {ns}"));
        await Cluster.KubectlAsync($"create job now -n {ns} --from=cronjob/tick");
        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=complete job/now --timeout=60s");
        await Cluster.KubectlAsync($"apply -n {ns} --server-side --force-conflicts -f -", """{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"tick"},"spec":{"schedule":"* * * * *"}}""");
        await Eventually.IsAsync("a job of the schedule", TimeSpan.FromSeconds(90), () => Cluster.KubectlAsync($"get jobs -n {ns} -o name"), jobs => jobs.Contains("job.batch/tick-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AStatefulSet_RollsOutInOrder_AndGoesBack()
    {
        var ns = await NamespaceAsync("state");
        await Cluster.KubectlAsync($"create -n {ns} -f -", StatefulSet("db"));
        await Cluster.KubectlAsync($"rollout status -n {ns} statefulset/db --timeout=90s");
        Assert.Equal("db-0 db-1", (await Cluster.KubectlAsync($"get pods -n {ns} -o 'jsonpath={{.items[*].metadata.name}}'")).Trim());
        Assert.Matches(@"(?m)^db +2/2 +\d+s", await Cluster.KubectlAsync($"get statefulset -n {ns}"));
        var first = (await Cluster.KubectlAsync($"get statefulset db -n {ns} -o jsonpath={{.status.currentRevision}}")).Trim();
        await Cluster.KubectlAsync($"set env -n {ns} statefulset/db COLOUR=red");
        await Cluster.KubectlAsync($"rollout status -n {ns} statefulset/db --timeout=90s");
        Assert.NotEqual(first, (await Cluster.KubectlAsync($"get statefulset db -n {ns} -o jsonpath={{.status.currentRevision}}")).Trim());
        await Cluster.KubectlAsync($"rollout undo -n {ns} statefulset/db");
        await Cluster.KubectlAsync($"rollout status -n {ns} statefulset/db --timeout=90s");
        Assert.Equal(first, (await Cluster.KubectlAsync($"get statefulset db -n {ns} -o jsonpath={{.status.currentRevision}}")).Trim());
        await Cluster.KubectlAsync($"scale -n {ns} statefulset/db --replicas=1");
        await Cluster.KubectlAsync($"wait -n {ns} --for=delete pod/db-1 --timeout=60s");
    }

    private static string Job(string name, string spec, string script) =>
        $$"""
        apiVersion: batch/v1
        kind: Job
        metadata: { name: {{name}} }
        spec: { {{spec}}, template: { spec: { restartPolicy: Never, containers: [{ name: c, image: "{{Image}}", command: ["/bin/sh", "-c", "{{script}}"] }] } } }
        ---

        """;

    private static string StatefulSet(string name) =>
        $$"""
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: {{name}} }
        spec:
          replicas: 2
          serviceName: {{name}}
          selector: { matchLabels: { app: {{name}} } }
          template:
            metadata: { labels: { app: {{name}} } }
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {{Container("main", "sleep 600")}}
        ---

        """;
}
