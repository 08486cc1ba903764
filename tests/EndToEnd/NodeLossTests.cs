using System.Text.Json;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>A node agent goes away and comes back.</summary>
[Collection(SharedCluster.Name)]
public sealed class NodeLossTests(ClusterFixture fixture)
{
    private const string Manifest = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: spread, namespace: nodeloss}
        spec:
          replicas: 4
          selector: {matchLabels: {app: spread}}
          template:
            metadata: {labels: {app: spread}}
            spec:
              terminationGracePeriodSeconds: 1
              tolerations:
              - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}
              - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1}
              containers:
              - {name: redis, image: "guestbook-redis:1"}
        """;

    private Cluster Cluster => fixture.Cluster;

    [Fact]
    public async Task ALostNode_BecomesNotReady_ItsPodsMove_AndNothingRunsTwiceWhenItReturns()
    {
        Cluster.RequireMachine();
        await Cluster.KubectlAsync("create namespace nodeloss");
        await Cluster.KubectlAsync("apply -f -", Manifest);
        await Cluster.KubectlAsync("rollout status -n nodeloss deployment/spread --timeout=60s");
        var lost = (await PodsAsync()).Select(pod => pod.Node).First(node => node.Length > 0);

        // The launcher would start a killed agent again at once: it is made to sleep until the agent is to return.
        var launcher = Cluster.ProcessOf("launcher")!.Value;
        await SignalAsync(launcher, "STOP");
        await SignalAsync(Cluster.ProcessOf(lost)!.Value, "KILL");
        try
        {
            var patience = ClusterFixture.NodeGrace + TimeSpan.FromSeconds(10);
            await Eventually.IsAsync($"{lost} NotReady", patience, () => ReadyOfAsync(lost), ready => ready == "Unknown");
            await Eventually.IsAsync("four ready pods elsewhere", TimeSpan.FromSeconds(60), PodsAsync,
                pods => pods.Count(pod => pod.Ready && pod.Node != lost && !pod.Deleting) == 4);
        }
        finally
        {
            await SignalAsync(launcher, "CONT");
        }

        await Eventually.IsAsync($"{lost} Ready", TimeSpan.FromSeconds(30), () => ReadyOfAsync(lost), ready => ready == "True");
        await Eventually.IsAsync("no pod but the four", TimeSpan.FromSeconds(60), PodsAsync, pods => pods.Count == 4 && pods.All(pod => pod.Ready));
        await Eventually.IsAsync("no container but the four", TimeSpan.FromSeconds(60), ContainersAsync, count => count == 4);
        await Cluster.KubectlAsync("delete namespace nodeloss --timeout=60s");
    }

    [Fact]
    public async Task AnAgentKilledInALoop_AdoptsWhatRuns_AndRestartsNothing()
    {
        Cluster.RequireMachine();
        await Cluster.KubectlAsync("create namespace nodeloss-adopt");
        await Cluster.KubectlAsync("run kept -n nodeloss-adopt --image=guestbook-redis:1");
        await Cluster.KubectlAsync("wait -n nodeloss-adopt --for=condition=Ready pod/kept --timeout=60s");
        var before = await KeptAsync();
        var node = (await Cluster.KubectlAsync("get pod kept -n nodeloss-adopt -o jsonpath='{.spec.nodeName}'")).Trim();
        for (var kill = 0; kill < 3; kill++)
        {
            var agent = Cluster.ProcessOf(node)!.Value;
            await SignalAsync(agent, "KILL");
            await Eventually.IsAsync("another agent", TimeSpan.FromSeconds(20), () => Task.FromResult(Cluster.ProcessOf(node)), pid => pid is not null && pid != agent);
            // The log comes over a connection that the new agent opened: it is there and knows the container.
            await Eventually.IsAsync("a log", TimeSpan.FromSeconds(20), async () => (await Cluster.TryKubectlAsync("logs -n nodeloss-adopt kept --tail=1")).Code, code => code == 0);
        }

        await Cluster.KubectlAsync("wait -n nodeloss-adopt --for=condition=Ready pod/kept --timeout=20s");
        Assert.Equal(before, await KeptAsync());
        await Cluster.KubectlAsync("delete namespace nodeloss-adopt --timeout=60s");
    }

    // Container, start and restarts, as Docker and as the API tell them.
    private async Task<string> KeptAsync() =>
        (await Shell.RunAsync("docker", ["ps", "-aq", "--no-trunc", "--filter", "label=io.kubernetes.pod.namespace=nodeloss-adopt"])).Output
        + await Cluster.KubectlAsync("get pod kept -n nodeloss-adopt -o jsonpath='{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.running.startedAt}'");

    private static async Task SignalAsync(int process, string signal) =>
        Assert.Equal(0, (await Shell.RunAsync("kill", [$"-{signal}", $"{process}"])).Code);

    private async Task<string> ReadyOfAsync(string node) =>
        (await Cluster.KubectlAsync($"get node {node} -o jsonpath='{{.status.conditions[?(@.type==\"Ready\")].status}}'")).Trim();

    private static async Task<int> ContainersAsync() =>
        (await Shell.RunAsync("docker", ["ps", "-q", "--filter", "label=io.kubernetes.pod.namespace=nodeloss", "--filter", "label=io.kubernetes.container.name=redis"]))
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private async Task<List<(string Node, bool Ready, bool Deleting)>> PodsAsync() =>
        [.. (await Cluster.GetAsync("pods -n nodeloss")).GetProperty("items").EnumerateArray().Select(pod => (
            pod.GetProperty("spec").TryGetProperty("nodeName", out var node) ? node.GetString()! : "",
            pod.GetProperty("status").TryGetProperty("conditions", out var conditions)
                && conditions.EnumerateArray().Any(condition => condition.GetProperty("type").GetString() == "Ready" && condition.GetProperty("status").GetString() == "True"),
            pod.GetProperty("metadata").TryGetProperty("deletionTimestamp", out JsonElement _)))];
}
