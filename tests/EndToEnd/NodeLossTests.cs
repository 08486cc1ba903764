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

        // Stopped, not killed: the launcher would start a killed agent again at once. A stopped one is as silent as a dead machine.
        var agent = Cluster.ProcessOf(lost)!.Value;
        await SignalAsync(agent, "STOP");
        try
        {
            var patience = ClusterFixture.NodeGrace + TimeSpan.FromSeconds(10);
            await Eventually.IsAsync($"{lost} NotReady", patience, () => ReadyOfAsync(lost), ready => ready == "Unknown");
            await Eventually.IsAsync("four ready pods elsewhere", TimeSpan.FromSeconds(60), PodsAsync,
                pods => pods.Count(pod => pod.Ready && pod.Node != lost && !pod.Deleting) == 4);
        }
        finally
        {
            await SignalAsync(agent, "CONT");
        }

        await Eventually.IsAsync($"{lost} Ready", TimeSpan.FromSeconds(30), () => ReadyOfAsync(lost), ready => ready == "True");
        await Eventually.IsAsync("no pod but the four", TimeSpan.FromSeconds(60), PodsAsync, pods => pods.Count == 4 && pods.All(pod => pod.Ready));
        await Eventually.IsAsync("no container but the four", TimeSpan.FromSeconds(60), ContainersAsync, count => count == 4);
        await Cluster.KubectlAsync("delete namespace nodeloss --timeout=60s");
    }

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
