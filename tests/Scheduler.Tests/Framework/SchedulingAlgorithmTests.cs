using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins;
using KubeAspire.Scheduler.Plugins.TaintToleration;

namespace KubeAspire.Scheduler.Tests.Framework;

public sealed class SchedulingAlgorithmTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(99, 99)]
    [InlineData(100, 100)]
    [InlineData(1000, 420)]
    [InlineData(5000, 500)]
    [InlineData(6000, 300)]
    public void EnoughNodes_AreAFallingShare(int nodes, int enough) => Assert.Equal(enough, SchedulingAlgorithm.EnoughOf(nodes));

    [Fact]
    public void WhereNothingWillDo_TheMessageIsUpstreams()
    {
        var tainted = Worlds.Node("node-2") with { Spec = new NodeSpec { Taints = [new Taint { Key = "dedicated", Value = "db", Effect = "NoSchedule" }] } };
        var decision = New(1).Decide(new PodInfo(Worlds.Pod("p", "cpu=8")), new ClusterSnapshot(NodeInfo.Of(Worlds.Node("node-1")), NodeInfo.Of(tainted)));

        Assert.Null(decision.Node);
        Assert.Equal("0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).", decision.Message);
        Assert.Equal(
            decision.Message + " node-1: Insufficient cpu (asks for 8000m cpu, 4000m of 4000m free); node-2: node(s) had untolerated taint(s) ({dedicated: db}:NoSchedule).",
            decision.MessageByNode(10));
        Assert.EndsWith("; and 1 more.", decision.MessageByNode(1));
        Assert.Equal(["NodeResourcesFit", "TaintToleration"], decision.RejectedBy.Order());
    }

    [Fact]
    public void WithoutNodes_ItSaysSo() =>
        Assert.Equal("no nodes available to schedule pods", New(1).Decide(new PodInfo(Worlds.Pod("p")), new ClusterSnapshot()).Message);

    [Fact]
    public void TheBestNodeWins_AndItsScoresAreKept()
    {
        var decision = New(1).Decide(
            new PodInfo(Worlds.Pod("p", "cpu=1,memory=1Gi")),
            new ClusterSnapshot(NodeInfo.Of(Worlds.Node("full"), new PodInfo(Worlds.Pod("a", "cpu=2,memory=4Gi"))), NodeInfo.Of(Worlds.Node("empty"))));
        Assert.Equal("empty", decision.Node);
        Assert.Equal(["empty", "full"], decision.Scores.Select(score => score.Node));
        Assert.True(decision.Scores[0].Total > decision.Scores[1].Total);
        Assert.Contains(decision.Scores[0].ByPlugin, pair => pair.Key == "NodeResourcesFit" && pair.Value > 0);
    }

    [Fact]
    public void EqualNodes_AreChosenFromFairly()
    {
        var nodes = Enumerable.Range(0, 4).Select(i => NodeInfo.Of(Worlds.Node($"n{i}"))).ToArray();
        var algorithm = New(5);
        var chosen = Enumerable.Range(0, 400).Select(_ => algorithm.Decide(new PodInfo(Worlds.Pod("p")), new ClusterSnapshot(nodes)).Node).CountBy(node => node!);
        Assert.All(chosen, pair => Assert.InRange(pair.Value, 60, 140));
    }

    [Fact]
    public void ManyNodes_AreLookedAtInTurn()
    {
        var snapshot = new ClusterSnapshot(Enumerable.Range(0, 1000).Select(i => NodeInfo.Of(Worlds.Node($"n{i}"))));
        var algorithm = New(1);
        var first = algorithm.Decide(new PodInfo(Worlds.Pod("p")), snapshot);
        Assert.Equal((1000, 420, 420), (first.AllNodes, first.CheckedNodes, first.FeasibleNodes));
        var seen = Enumerable.Range(0, 200).Select(_ => int.Parse(algorithm.Decide(new PodInfo(Worlds.Pod("p")), snapshot).Node![1..]) / 250).Distinct();
        Assert.Equal(4, seen.Count());
    }

    /// <summary>
    /// Safety: whatever the world, no node is given more than it has, and no pod is put where a taint or its selector forbids.
    /// Completeness: a pod is refused only where truly no node would do. Worlds are drawn from a seed; a failure prints it.
    /// </summary>
    [Fact]
    public void AnyWorld_IsNeverOvercommitted_AndRefusesOnlyWhatFitsNowhere()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            Replay(seed);
        }
    }

    private static SchedulingAlgorithm New(int seed) => new(DefaultProfile.Create(), new Random(seed));

    private static void Replay(int seed)
    {
        var random = new Random(seed);
        var snapshot = new ClusterSnapshot(Enumerable.Range(0, random.Next(1, 160)).Select(i => NodeInfo.Of(AnyNode(random, i))));
        var algorithm = New(seed);
        for (var i = 0; i < 150; i++)
        {
            var pod = new PodInfo(AnyPod(random, i));
            var decision = algorithm.Decide(pod, snapshot);
            if (decision.Node is null)
            {
                Assert.True(snapshot.Nodes.All(node => !WouldDo(pod, node)), $"seed {seed}: pod {i} was refused though a node would do: {decision.Message}");
                Assert.Equal(snapshot.Nodes.Count, decision.CheckedNodes);
                continue;
            }

            var chosen = snapshot.Find(decision.Node)!;
            Assert.True(WouldDo(pod, chosen), $"seed {seed}: pod {i} was put on {chosen.Name}, which will not do");
            snapshot.Set(chosen.Plus(pod));
        }

        Assert.All(snapshot.Nodes, node =>
        {
            Assert.True(node.Pods.Sum(pod => pod.Requests.MilliCpu) <= node.Allocatable.MilliCpu, $"seed {seed}: cpu of {node.Name}");
            Assert.True(node.Pods.Sum(pod => pod.Requests.Memory) <= node.Allocatable.Memory, $"seed {seed}: memory of {node.Name}");
            Assert.True(node.Pods.Length <= node.AllowedPods, $"seed {seed}: pods of {node.Name}");
            var ports = node.Pods.SelectMany(pod => pod.HostPorts).ToList();
            Assert.True(ports.Distinct().Count() == ports.Count, $"seed {seed}: ports of {node.Name}");
        });
    }

    // The rules said once more, as plainly as can be.
    private static bool WouldDo(PodInfo pod, NodeInfo node) =>
        node.Node.Spec.Unschedulable != true
        && (node.Node.Spec.Taints ?? []).All(taint => taint.Effect == "PreferNoSchedule" || Tolerations.Tolerates(pod.Pod.Spec.Tolerations, taint))
        && (pod.Pod.Spec.NodeSelector ?? new Dictionary<string, string>()).All(pair => node.Labels!.TryGetValue(pair.Key, out var value) && value == pair.Value)
        && node.Pods.Length < node.AllowedPods
        && pod.Requests.MilliCpu <= node.Allocatable.MilliCpu - node.Pods.Sum(other => other.Requests.MilliCpu)
        && pod.Requests.Memory <= node.Allocatable.Memory - node.Pods.Sum(other => other.Requests.Memory)
        && !node.Pods.Any(other => other.HostPorts.Intersect(pod.HostPorts).Any());

    private static Node AnyNode(Random random, int number)
    {
        var node = Worlds.Node($"n{number}", $"cpu={random.Next(1, 9)},memory={random.Next(1, 9)}Gi,pods={random.Next(1, 8)}", $"disk={(random.Next(2) == 0 ? "ssd" : "hdd")}");
        var effect = random.GetItems(["NoSchedule", "NoExecute", "PreferNoSchedule"], 1)[0];
        return node with
        {
            Spec = new NodeSpec
            {
                Unschedulable = random.Next(10) == 0,
                Taints = random.Next(4) == 0 ? [new Taint { Key = "dedicated", Value = random.Next(2).ToString(), Effect = effect }] : null,
            },
        };
    }

    private static Pod AnyPod(Random random, int number)
    {
        var pod = Worlds.Pod($"p{number}");
        return pod with
        {
            Spec = pod.Spec with
            {
                Containers =
                [
                    new Container
                    {
                        Name = "c",
                        Resources = new ResourceRequirements
                        {
                            Requests = new Dictionary<string, Quantity> { ["cpu"] = new($"{random.Next(0, 3000)}m"), ["memory"] = new($"{random.Next(0, 3000)}Mi") },
                        },
                        Ports = random.Next(6) == 0 ? [new ContainerPort { ContainerPortValue = 1, HostPort = random.Next(80, 83), Protocol = "TCP" }] : null,
                    },
                ],
                NodeSelector = random.Next(3) == 0 ? Worlds.Labels("disk=ssd") : null,
                Tolerations = random.Next(3) == 0 ? [new Toleration { Key = "dedicated", Operator = random.Next(2) == 0 ? "Exists" : "Equal", Value = "1" }] : null,
            },
        };
    }
}
