using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.DaemonSets;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.DaemonSets;

public sealed class DaemonSetTests
{
    private static readonly ObjectKey Web = new("default", "web");

    private readonly TestWorld _world = TestWorld.Of(DaemonSetController.Create);

    private DaemonSet Current => _world.Api.Find<DaemonSet>("default", "web")!;

    [Fact]
    public async Task OnePodANode_WhereItIsTolerated()
    {
        Nodes(3);
        _world.Api.Seed(Make.Node("tainted", taints: new Taint { Key = "dedicated", Value = "x", Effect = "NoSchedule" }));
        _world.Api.Seed(Make.Node("sick", "Unknown", new Taint { Key = "node.kubernetes.io/unreachable", Effect = "NoExecute" }));
        _world.Api.Seed(Set());
        await RunAsync();
        await _world.AssertSettledAsync((0, Web));

        Assert.Equal(["node-1", "node-2", "node-3", "sick"], _world.Api.All<Pod>().Select(pod => pod.Spec.NodeName).Order());
        var status = Current.Status;
        Assert.Equal((4, 4, 4, 4, 4, 0), (status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberReady, status.NumberAvailable, status.UpdatedNumberScheduled, status.NumberMisscheduled));
        var revision = Assert.Single(_world.Api.All<ControllerRevision>());
        Assert.Equal((1L, "replace"), (revision.Revision, revision.Data!.Value.GetProperty("spec").GetProperty("template").GetProperty("$patch").GetString()));
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal(revision.Metadata.Labels!["controller-revision-hash"], pod.Metadata.Labels!["controller-revision-hash"]));
    }

    [Fact]
    public async Task NodesComeAndGo()
    {
        Nodes(1);
        _world.Api.Seed(Set());
        await RunAsync();
        _world.Api.Seed(Make.Node("node-9"));
        await RunAsync();
        Assert.Equal(2, _world.Api.All<Pod>().Count);
        var node = _world.Api.Find<Node>(null, "node-9")!;
        await _world.Api.UpdateAsync(node with { Spec = new NodeSpec { Taints = [new Taint { Key = "out", Effect = "NoExecute" }] } }, default);
        await RunAsync();
        Assert.Equal(["node-1"], _world.Api.All<Pod>().Select(pod => pod.Spec.NodeName));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 2)]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    public async Task AnUpdate_KeepsItsBounds(int surge, int unavailable)
    {
        Nodes(5);
        _world.Api.Seed(Set(surge, unavailable));
        await RunAsync();
        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Template = Make.Template("web:2") } }, default);
        await RunAsync(() =>
        {
            var live = _world.Api.All<Pod>().Where(pod => pod.Metadata.DeletionTimestamp is null).ToList();
            var served = live.Where(PodFacts.IsReady).Select(pod => pod.Spec.NodeName).Distinct().Count();
            Assert.True(served >= 5 - unavailable, $"{served} nodes served");
            Assert.True(live.Count <= 5 + surge, $"{live.Count} pods");
        });
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
        Assert.Equal(5, _world.Api.All<Pod>().Count);
        Assert.Equal([1L, 2L], _world.Api.All<ControllerRevision>().Select(revision => revision.Revision).Order());
    }

    [Fact]
    public async Task OnDelete_ReplacesWhatOthersDelete()
    {
        Nodes(2);
        var set = Set();
        _world.Api.Seed(set with { Spec = set.Spec with { UpdateStrategy = new DaemonSetUpdateStrategy { Type = "OnDelete" } } });
        await RunAsync();
        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Template = Make.Template("web:2") } }, default);
        await RunAsync();
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal("web:1", pod.Spec.Containers[0].Image));
        await _world.Api.DeleteAsync<Pod>("default", _world.Api.All<Pod>()[0].Metadata.Name!, new DeleteOptions(), default);
        await RunAsync();
        Assert.Equal(["web:1", "web:2"], _world.Api.All<Pod>().Select(pod => pod.Spec.Containers[0].Image).Order());
    }

    [Fact]
    public async Task Undo_RenumbersTheOldRevision()
    {
        Nodes(1);
        _world.Api.Seed(Set());
        await RunAsync();
        foreach (var image in new[] { "web:2", "web:1" })
        {
            await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Template = Make.Template(image) } }, default);
            await RunAsync();
        }

        Assert.Equal([2L, 3L], _world.Api.All<ControllerRevision>().Select(revision => revision.Revision).Order());
        Assert.Equal("web:1", Assert.Single(_world.Api.All<Pod>()).Spec.Containers[0].Image);
    }

    [Fact]
    public async Task AFailedPod_IsReplacedEverMoreSlowly()
    {
        Nodes(1);
        _world.Api.Seed(Set());
        await RunAsync();
        for (var i = 0; i < 2; i++)
        {
            var pod = Assert.Single(_world.Api.All<Pod>());
            await _world.Api.UpdateStatusAsync(pod with { Status = new PodStatus { Phase = "Failed" } }, default);
            await _world.SettleAsync();
            await _world.SettleAsync();
            await _world.KubeletAsync();
        }

        Assert.Equal("Failed", Assert.Single(_world.Api.All<Pod>()).Status.Phase); // The second failure waits.
        await _world.AdvanceAsync(TimeSpan.FromSeconds(2));
        await RunAsync();
        Assert.Equal("Running", Assert.Single(_world.Api.All<Pod>()).Status.Phase);
        Assert.Contains(_world.Events.All, e => e.Reason == "FailedDaemonPod");
    }

    private void Nodes(int count)
    {
        for (var i = 1; i <= count; i++)
        {
            _world.Api.Seed(Make.Node($"node-{i}"));
        }
    }

    private static DaemonSet Set(int surge = 0, int unavailable = 1) => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
        Spec = new DaemonSetSpec
        {
            Selector = new LabelSelector { MatchLabels = Make.Web },
            Template = Make.Template(),
            UpdateStrategy = new DaemonSetUpdateStrategy { Type = "RollingUpdate", RollingUpdate = new RollingUpdateDaemonSet { MaxSurge = surge, MaxUnavailable = unavailable } },
        },
    };

    private async Task RunAsync(Action? afterEach = null)
    {
        for (var i = 0; i < 60; i++)
        {
            await _world.SettleAsync(afterEach);
            var before = _world.Api.Revision;
            await _world.KubeletAsync();
            afterEach?.Invoke();
            if (_world.Api.Revision == before)
            {
                return;
            }
        }

        Assert.Fail("did not settle");
    }
}
