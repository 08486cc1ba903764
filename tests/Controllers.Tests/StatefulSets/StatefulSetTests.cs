using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.StatefulSets;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.StatefulSets;

public sealed class StatefulSetTests
{
    private static readonly ObjectKey Key = new("default", "web");

    private readonly TestWorld _world = TestWorld.Of(StatefulSetController.Create);

    private StatefulSet Current => _world.Api.Find<StatefulSet>("default", "web")!;

    private IEnumerable<string> Names => _world.Api.All<Pod>().Select(pod => pod.Metadata.Name!).Order();

    [Fact]
    public async Task OnePodAfterTheOther_EachWithItsClaim()
    {
        Seed(3, claims: true);
        var most = 0;
        await RunAsync(() => most = Math.Max(most, _world.Api.All<Pod>().Count(pod => !PodFacts.IsReady(pod))));

        Assert.Equal(["web-0", "web-1", "web-2"], Names);
        Assert.Equal(1, most);
        Assert.Equal(["data-web-0", "data-web-1", "data-web-2"], _world.Api.All<PersistentVolumeClaim>().Select(claim => claim.Metadata.Name).Order());
        var pod = _world.Api.Find<Pod>("default", "web-1")!;
        Assert.Equal(("web-1", "peers", "data-web-1", "1"), (pod.Spec.Hostname, pod.Spec.Subdomain, pod.Spec.Volumes![0].PersistentVolumeClaim!.ClaimName, pod.Metadata.Labels!["apps.kubernetes.io/pod-index"]));
        var status = Current.Status;
        Assert.Equal((3, 3, 3, 3, 3), (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.CurrentReplicas, status.UpdatedReplicas));
        Assert.Equal((status.UpdateRevision, _world.Api.All<ControllerRevision>()[0].Metadata.Name), (status.CurrentRevision, status.CurrentRevision));
        await _world.AssertSettledAsync((0, Key));
    }

    [Fact]
    public async Task Parallel_MakesAllAtOnce()
    {
        Seed(4, set => set with { Spec = set.Spec with { PodManagementPolicy = "Parallel", Ordinals = new StatefulSetOrdinals { Start = 5 } } });
        await _world.SettleAsync();
        Assert.Equal(["web-5", "web-6", "web-7", "web-8"], Names);
    }

    [Fact]
    public async Task APodThatIsNotReady_HoldsTheOthersUp()
    {
        Seed(3);
        await RunAsync(isHealthy: pod => pod.Metadata.Name != "web-1");
        Assert.Equal(["web-0", "web-1"], Names);
    }

    [Fact]
    public async Task ItShrinks_FromTheHighestNumber()
    {
        Seed(3);
        await RunAsync();
        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Replicas = 1 } }, default);
        await _world.SettleAsync();
        Assert.Equal("web-2", Assert.Single(_world.Api.All<Pod>(), pod => pod.Metadata.DeletionTimestamp is not null).Metadata.Name);
        await RunAsync();
        Assert.Equal(["web-0"], Names);
    }

    [Fact]
    public async Task AnUpdate_GoesOneByOne_DownToThePartition()
    {
        Seed(3, set => set with { Spec = set.Spec with { UpdateStrategy = Rolling(1) } });
        await RunAsync();
        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Template = Make.Template("web:2") } }, default);
        var fewest = 3;
        await RunAsync(() => fewest = Math.Min(fewest, _world.Api.All<Pod>().Count(PodFacts.IsReady)));

        Assert.Equal(2, fewest);
        Assert.Equal(["web:1", "web:2", "web:2"], _world.Api.All<Pod>().OrderBy(pod => pod.Metadata.Name).Select(pod => pod.Spec.Containers[0].Image));
        Assert.Equal((2, 1), (Current.Status.UpdatedReplicas, Current.Status.CurrentReplicas));
        Assert.NotEqual(Current.Status.UpdateRevision, Current.Status.CurrentRevision);

        // A pod below the partition comes back as it was.
        await _world.Api.DeleteAsync<Pod>("default", "web-0", new DeleteOptions { GracePeriodSeconds = 0 }, default);
        await RunAsync();
        Assert.Equal("web:1", _world.Api.Find<Pod>("default", "web-0")!.Spec.Containers[0].Image);

        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { UpdateStrategy = Rolling(0) } }, default);
        await RunAsync();
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
        Assert.Equal(Current.Status.UpdateRevision, Current.Status.CurrentRevision);
    }

    [Fact]
    public async Task OnDelete_WaitsForOthers()
    {
        Seed(2, set => set with { Spec = set.Spec with { UpdateStrategy = new StatefulSetUpdateStrategy { Type = "OnDelete" } } });
        await RunAsync();
        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Template = Make.Template("web:2") } }, default);
        await RunAsync();
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal("web:1", pod.Spec.Containers[0].Image));
        await _world.Api.DeleteAsync<Pod>("default", "web-1", new DeleteOptions { GracePeriodSeconds = 0 }, default);
        await RunAsync();
        Assert.Equal(["web:1", "web:2"], _world.Api.All<Pod>().OrderBy(pod => pod.Metadata.Name).Select(pod => pod.Spec.Containers[0].Image));
    }

    [Fact]
    public async Task AFailedPod_IsMadeAnew()
    {
        Seed(1);
        await RunAsync();
        var pod = Assert.Single(_world.Api.All<Pod>());
        await _world.Api.UpdateStatusAsync(pod with { Status = new PodStatus { Phase = "Failed" } }, default);
        await RunAsync();
        Assert.NotEqual(pod.Metadata.Uid, Assert.Single(_world.Api.All<Pod>()).Metadata.Uid);
        Assert.Contains(_world.Events.All, e => e.Reason == "RecreatingFailedPod");
    }

    [Theory]
    [InlineData("Retain", "Retain", false, "")]
    [InlineData("Delete", "Retain", false, "StatefulSet")]
    [InlineData("Retain", "Delete", false, "")]
    [InlineData("Retain", "Delete", true, "Pod")]
    [InlineData("Delete", "Delete", true, "Pod")]
    public void AClaim_GoesWithWhomThePolicySays(string deleted, string scaled, bool condemned, string owner)
    {
        var set = Set(1);
        set = set with { Spec = set.Spec with { PersistentVolumeClaimRetentionPolicy = new StatefulSetPersistentVolumeClaimRetentionPolicy { WhenDeleted = deleted, WhenScaled = scaled } } };

        var owners = StatefulPods.OwnersOf(set, Make.Pod("web-0"), condemned, null);

        Assert.Equal(owner, string.Join(',', owners.Select(found => found.Kind)));
    }

    private static StatefulSetUpdateStrategy Rolling(int partition) => new() { Type = "RollingUpdate", RollingUpdate = new RollingUpdateStatefulSetStrategy { Partition = partition } };

    private void Seed(int replicas, Func<StatefulSet, StatefulSet>? change = null, bool claims = false)
    {
        var set = Set(replicas);
        if (claims)
        {
            set = set with { Spec = set.Spec with { VolumeClaimTemplates = [new PersistentVolumeClaim { Metadata = new ObjectMeta { Name = "data" }, Spec = new PersistentVolumeClaimSpec { AccessModes = ["ReadWriteOnce"] } }] } };
        }

        _world.Api.Seed(change?.Invoke(set) ?? set);
    }

    private static StatefulSet Set(int replicas) => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default", Uid = "uid-web" },
        Spec = new StatefulSetSpec
        {
            Replicas = replicas, ServiceName = "peers", Selector = new LabelSelector { MatchLabels = Make.Web }, Template = Make.Template(), UpdateStrategy = Rolling(0), PodManagementPolicy = "OrderedReady",
        },
    };

    private async Task RunAsync(Action? afterEach = null, Func<Pod, bool>? isHealthy = null)
    {
        for (var i = 0; i < 60; i++)
        {
            await _world.SettleAsync(afterEach);
            var before = _world.Api.Revision;
            await _world.KubeletAsync(isHealthy);
            if (_world.Api.Revision == before)
            {
                return;
            }
        }

        Assert.Fail("did not settle");
    }
}
