using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.NodeLifecycle;
using KubeAspire.Controllers.PodGc;
using KubeAspire.Controllers.TaintEviction;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.Nodes;

public sealed class NodeLifecycleTests
{
    private static readonly Toleration[] Default =
    [
        new() { Key = NodeTaintPlanner.NotReady, Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 300 },
        new() { Key = NodeTaintPlanner.Unreachable, Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 300 },
    ];

    private readonly TestWorld _world = TestWorld.Of(NodeLifecycleController.Create, TaintEvictionReconciler.Create);

    [Fact]
    public async Task ASilentNode_BecomesUnknown_IsTainted_AndItsPodsGo()
    {
        await StartAsync("node-1", "node-2");
        await _world.SettleAsync();
        await PassAsync(TimeSpan.FromSeconds(45), "node-2");

        var silent = Node("node-1");
        Assert.Equal(("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), Ready(silent));
        Assert.Equal([("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")], Taints(silent));
        Assert.Equal("True", Ready(Node("node-2")).Status);
        Assert.Contains(_world.Events.All, e => e is { Reason: "NodeNotReady", Message: "Node node-1 status is now: NodeNotReady" });
        Assert.False(PodFacts.IsReady(_world.Api.Find<Pod>("default", "on-node-1")!));

        await PassAsync(TimeSpan.FromSeconds(290), "node-2");
        Assert.Null(_world.Api.Find<Pod>("default", "on-node-1")!.Metadata.DeletionTimestamp);
        await PassAsync(TimeSpan.FromSeconds(15), "node-2");
        Assert.NotNull(_world.Api.Find<Pod>("default", "on-node-1")!.Metadata.DeletionTimestamp);
        Assert.Null(_world.Api.Find<Pod>("default", "on-node-2")!.Metadata.DeletionTimestamp);
        Assert.Contains(_world.Events.All, e => e is { Reason: "TaintManagerEviction", Message: "Marking for deletion Pod default/on-node-1" });
    }

    [Fact]
    public async Task ANodeThatReturns_IsClean_AndKeepsItsPods()
    {
        await StartAsync("node-1", "node-2");
        await PassAsync(TimeSpan.FromSeconds(45), "node-2");
        await PassAsync(TimeSpan.FromSeconds(100), "node-2");
        var back = Node("node-1");
        await _world.Api.UpdateStatusAsync(back with { Status = back.Status with { Conditions = [new NodeCondition { Type = "Ready", Status = "True", LastHeartbeatTime = _world.Clock.GetUtcNow() }] } }, default);
        await PassAsync(TimeSpan.FromSeconds(1), "node-1", "node-2");
        Assert.Empty(Taints(Node("node-1")));
        for (var i = 0; i < 20; i++)
        {
            await PassAsync(TimeSpan.FromSeconds(30), "node-1", "node-2");
        }

        Assert.Null(_world.Api.Find<Pod>("default", "on-node-1")!.Metadata.DeletionTimestamp);
        Assert.Contains(_world.Events.All, e => e is { Reason: "TaintManagerEviction", Message: "Cancelling deletion of Pod default/on-node-1" });
    }

    [Fact]
    public async Task WhenAllNodesGo_NothingIsEvicted()
    {
        await StartAsync("node-1", "node-2", "node-3");
        await PassAsync(TimeSpan.FromSeconds(45));
        for (var i = 0; i < 20; i++)
        {
            await PassAsync(TimeSpan.FromSeconds(60));
        }

        Assert.All(_world.Api.All<Node>(), node => Assert.Equal([("node.kubernetes.io/unreachable", "NoSchedule")], Taints(node)));
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Null(pod.Metadata.DeletionTimestamp));
    }

    [Fact]
    public async Task ANewNode_TakesNoPods_UntilItIsReady()
    {
        _world.Api.Seed(Make.Node("node-1", ready: null));
        await _world.SettleAsync();
        Assert.Equal([("node.kubernetes.io/not-ready", "NoSchedule")], Taints(Node("node-1")));
        var node = Node("node-1");
        await _world.Api.UpdateStatusAsync(node with { Status = new NodeStatus { Conditions = [new NodeCondition { Type = "Ready", Status = "True" }, new NodeCondition { Type = "MemoryPressure", Status = "True" }] } }, default);
        await _world.SettleAsync();
        Assert.Equal([("node.kubernetes.io/memory-pressure", "NoSchedule")], Taints(Node("node-1")));
        Assert.Contains(_world.Events.All, e => e is { Reason: "RegisteredNode", Message: "Node node-1 event: Registered Node node-1 in Controller" });
    }

    [Theory]
    [InlineData(10, 5, 2)] // Half: normal, more every ten seconds.
    [InlineData(10, 6, 0)] // More than 55 %: a small cluster stops.
    [InlineData(3, 2, 2)] // Two are too few to speak of a disruption.
    public async Task TheGuard_CountsWhoFails(int nodes, int failing, int evicting)
    {
        var names = Enumerable.Range(1, nodes).Select(i => $"node-{i:d2}").ToArray();
        await StartAsync(names);
        await PassAsync(TimeSpan.FromSeconds(41), names[failing..]);
        await PassAsync(TimeSpan.FromSeconds(10), names[failing..]);
        Assert.Equal(evicting, _world.Api.All<Node>().Count(NodeTaintPlanner.IsEvicting));
    }

    [Fact]
    public async Task PodsOfADeletedNode_AreCollected()
    {
        var world = TestWorld.Of(PodGcReconciler.Create);
        world.Api.Seed(Make.Node("node-2"));
        world.Api.Seed(Make.Pod("lost", "node-1"));
        world.Api.Seed(Make.Pod("kept", "node-2"));
        var unbound = Make.Pod("unbound", node: null);
        world.Api.Seed(unbound with { Metadata = unbound.Metadata with { DeletionTimestamp = world.Clock.GetUtcNow() } });
        await world.SettleAsync();
        Assert.Equal(["kept", "lost"], world.Api.All<Pod>().Select(pod => pod.Metadata.Name));
        for (var i = 0; i < 3; i++)
        {
            await world.AdvanceAsync(PodGcReconciler.Period);
        }

        Assert.Equal(["kept"], world.Api.All<Pod>().Select(pod => pod.Metadata.Name));
    }

    [Fact]
    public void PodGc_KeepsTheYoungestOfTheEnded()
    {
        var pods = Enumerable.Range(0, 5).Select(i => Make.Pod($"p{i}", phase: "Succeeded", since: new DateTimeOffset(2030, 1, 1, i, 0, 0, TimeSpan.Zero))).ToList();
        var plan = PodGcPlanner.Plan(pods, [Make.Node("node-1")], 3, new HashSet<string>());
        Assert.Equal(["p0", "p1"], plan.Select(each => each.Pod.Metadata.Name));
    }

    [Theory]
    [InlineData(null, null, 0)]
    [InlineData("Exists", null, null)]
    [InlineData("Exists", 60L, 60)]
    public void AStay_IsWhatIsTolerated(string? op, long? seconds, int? stay)
    {
        var pod = Make.Pod("a");
        pod = pod with { Spec = pod.Spec with { Tolerations = op is null ? null : [new Toleration { Key = "k", Operator = op, TolerationSeconds = seconds }] } };
        var expected = stay is { } known ? TimeSpan.FromSeconds(known) : (TimeSpan?)null;
        Assert.Equal(expected, TaintEvictionPlanner.StayOf(pod, [new Taint { Key = "k", Effect = "NoExecute" }]));
    }

    private async Task StartAsync(params string[] names)
    {
        foreach (var name in names)
        {
            _world.Api.Seed(Make.Node(name));
            _world.Api.Seed(new Lease { Metadata = new ObjectMeta { Name = name, Namespace = "kube-node-lease" }, Spec = new LeaseSpec { RenewTime = _world.Clock.GetUtcNow() } });
            var pod = Make.Pod($"on-{name}", name);
            _world.Api.Seed(pod with { Spec = pod.Spec with { Tolerations = Default } });
        }

        await _world.SettleAsync();
    }

    // Time in steps of at most ten seconds, in each of which the living renew their Leases.
    private async Task PassAsync(TimeSpan time, params string[] living)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(10))
        {
            _world.Clock.Advance(left < TimeSpan.FromSeconds(10) ? left : TimeSpan.FromSeconds(10));
            foreach (var name in living)
            {
                var lease = _world.Api.Find<Lease>("kube-node-lease", name)!;
                await _world.Api.UpdateAsync(lease with { Spec = lease.Spec with { RenewTime = _world.Clock.GetUtcNow() } }, default);
            }

            await _world.SettleAsync();
        }
    }

    private Node Node(string name) => _world.Api.Find<Node>(null, name)!;

    private static (string Status, string? Reason, string? Message) Ready(Node node) =>
        NodeHealthPlanner.Ready(node) is { } ready ? (ready.Status, ready.Reason, ready.Message) : default;

    private static IEnumerable<(string, string)> Taints(Node node) => (node.Spec.Taints ?? []).Select(taint => (taint.Key, taint.Effect)).Order();
}
