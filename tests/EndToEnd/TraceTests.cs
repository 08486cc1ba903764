using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>One trace from the apply to the first request.</summary>
[Collection(SharedCluster.Name)]
public sealed class TraceTests(ClusterFixture fixture)
{
    // The stations of a pod's life, each a span. The image is on the machine already: "pull image" says so and is short.
    private static readonly string[] s_stations =
    [
        "admission", "store.commit", "reconcile Deployment", "reconcile ReplicaSet", "schedule pod", "sync pod", "pull image",
        "create sandbox", "start container", "pod ready", "first request",
    ];

    private Cluster Cluster => fixture.Cluster;

    [Fact]
    public async Task OneTraceId_LeadsFromTheApplyToTheFirstRequest()
    {
        Cluster.RequireMachine();
        await Cluster.KubectlAsync("create namespace traced");
        await Cluster.KubectlAsync("apply -f -", Manifests.WebBehindIngress("traced", "traced", 1));
        await Cluster.KubectlAsync("rollout status -n traced deployment/traced --timeout=60s");
        var parent = (await Cluster.KubectlAsync("get pods -n traced -l app=traced -o jsonpath='{.items[0].metadata.annotations.tracing\\.k8s\\.io/traceparent}'")).Trim();
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", parent);
        var trace = parent.Split('-')[1];
        var onDeployment = (await Cluster.KubectlAsync("get deployment -n traced traced -o jsonpath='{.metadata.annotations.tracing\\.k8s\\.io/traceparent}'")).Trim();
        Assert.Equal(trace, onDeployment.Split('-')[1]);

        using var browser = new HttpClient();
        await Eventually.IsAsync("an answer", TimeSpan.FromSeconds(30), async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Cluster.Ingress, "/host"));
            request.Headers.Host = "traced.test";
            using var answer = await browser.SendAsync(request);
            return (int)answer.StatusCode;
        }, status => status == 200);

        await Eventually.IsAsync(
            $"the stations of trace {trace}",
            TimeSpan.FromSeconds(20),
            () => Task.FromResult(string.Join(", ", s_stations.Except(fixture.Traces.Spans.Where(span => span.TraceId == trace).Select(span => span.Name)))),
            missing => missing.Length == 0);
        var services = fixture.Traces.Spans.Where(span => span.TraceId == trace).Select(span => span.Service).Distinct().ToHashSet();
        Assert.Contains("silo", services);
        Assert.Contains("gateway-1", services);
        Assert.Contains(services, service => service.StartsWith("node-", StringComparison.Ordinal));
        await Cluster.KubectlAsync("delete namespace traced --timeout=60s");
    }
}
