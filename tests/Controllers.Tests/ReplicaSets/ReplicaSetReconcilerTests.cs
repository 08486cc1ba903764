using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.ReplicaSets;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;

namespace KubeAspire.Controllers.Tests.ReplicaSets;

public sealed class ReplicaSetReconcilerTests
{
    private static readonly ObjectKey Web = new("default", "web");

    private readonly TestWorld _world = TestWorld.Of(ReplicaSetController.ForReplicaSets);

    [Fact]
    public async Task MakesPods_ThenRests()
    {
        _world.Api.Seed(Make.ReplicaSet(3));
        await _world.SettleAsync();
        await _world.KubeletAsync();
        await _world.KubeletAsync();
        await _world.AssertSettledAsync((0, Web));

        var pods = _world.Api.All<Pod>();
        Assert.Equal(3, pods.Count);
        Assert.All(pods, pod => Assert.StartsWith("web-", pod.Metadata.Name));
        Assert.All(pods, pod => Assert.Equal(("ReplicaSet", true, true), (pod.Metadata.OwnerReferences![0].Kind, pod.Metadata.OwnerReferences[0].Controller, pod.Metadata.OwnerReferences[0].BlockOwnerDeletion)));
        var status = _world.Api.Find<ReplicaSet>("default", "web")!.Status;
        Assert.Equal((3, 3, 3, 1L), (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.ObservedGeneration));
        Assert.Equal(3, _world.Events.All.Count(e => e.Reason == "SuccessfulCreate" && e.Message.StartsWith("Created pod: web-", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AStaleCache_NeverCreatesTwice()
    {
        _world.Api.Seed(Make.ReplicaSet(4));
        await _world.Informers.RefreshAsync();
        await _world.PassAsync();
        for (var i = 0; i < 5; i++)
        {
            _world.Controllers[0].Queue.Add(Web); // Woken again and again, while the cache shows no pod.
            await _world.Informers.RefreshAsync(ReplicaSet.ResourceType);
            await _world.PassAsync();
        }

        Assert.Equal(4, _world.Api.All<Pod>().Count);
        await _world.SettleAsync();
        Assert.Equal(4, _world.Api.All<Pod>().Count);
    }

    [Fact]
    public async Task Orphans_AreAdopted_AndStrangersReleased()
    {
        var set = _world.Api.Seed(Make.ReplicaSet(2));
        _world.Api.Seed(Make.Pod("orphan"));
        _world.Api.Seed(Make.Pod("stray", labels: new() { ["app"] = "other" }) with { Metadata = Make.Pod("stray", labels: new() { ["app"] = "other" }).Metadata with { OwnerReferences = [Owners.ControllerReference(ReplicaSet.ResourceType, set.Metadata)] } });
        await _world.SettleAsync();

        Assert.Equal(set.Metadata.Uid, _world.Api.Find<Pod>("default", "orphan")!.Metadata.OwnerReferences![0].Uid);
        Assert.Empty(_world.Api.Find<Pod>("default", "stray")!.Metadata.OwnerReferences ?? []);
        Assert.Equal(2, _world.Api.All<Pod>().Count(pod => Owners.IsControlledBy(pod.Metadata, set.Metadata.Uid)));
    }

    [Fact]
    public async Task ARefusal_IsTold_AndTriedAgain()
    {
        _world.Api.FailNext("create", Pod.ResourceType, new ApiError(ApiErrorReason.Forbidden, "exceeded quota"));
        _world.Api.Seed(Make.ReplicaSet(3));
        await _world.Informers.RefreshAsync();
        await _world.PassAsync();

        Assert.Equal("ReplicaFailure", _world.Api.Find<ReplicaSet>("default", "web")!.Status.Conditions![0].Type);
        Assert.Contains(_world.Events.All, e => e is { Reason: "FailedCreate", Message: "Error creating: exceeded quota" });
        Assert.Empty(_world.Api.All<Pod>()); // Slow start: one refusal, not three.
        await _world.SettleAsync();
        Assert.Equal(3, _world.Api.All<Pod>().Count);
        Assert.Empty(_world.Api.Find<ReplicaSet>("default", "web")!.Status.Conditions ?? []);
    }

    [Fact]
    public async Task MinReadySeconds_MakesPodsAvailableLater()
    {
        _world.Api.Seed(Make.ReplicaSet(1, minReadySeconds: 30));
        await _world.SettleAsync();
        await _world.KubeletAsync();
        await _world.KubeletAsync();
        await _world.SettleAsync();
        Assert.Null(_world.Api.Find<ReplicaSet>("default", "web")!.Status.AvailableReplicas);
        await _world.AdvanceAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(1, _world.Api.Find<ReplicaSet>("default", "web")!.Status.AvailableReplicas);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACrashAtAnyWrite_LeavesTheSameWorld(bool storesLast)
    {
        for (var k = 0; ; k++)
        {
            var clock = new ManualClock();
            var api = new FakeApiClient(clock);
            api.Seed(Make.ReplicaSet(3));
            api.Seed(Make.Pod("orphan"));
            var first = new TestWorld(clock, api, null, ReplicaSetController.ForReplicaSets);
            (first.Client.WritesLeft, first.Client.StoresLast) = (k, storesLast);
            await RunUntilDeadAsync(first);

            var second = new TestWorld(clock, api, null, ReplicaSetController.ForReplicaSets);
            await second.SettleAsync();
            Assert.True(api.All<Pod>().Count == 3, $"crash at write {k}: {api.All<Pod>().Count} pods");
            Assert.Equal(3, api.Find<ReplicaSet>("default", "web")!.Status.Replicas);
            if (!first.Client.Dead)
            {
                Assert.True(k > 3);
                return;
            }
        }
    }

    [Fact]
    public async Task ReplicationControllers_AreServedByTheSamePlanner()
    {
        var world = TestWorld.Of(ReplicaSetController.ForReplicationControllers);
        world.Api.Seed(new ReplicationController
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
            Spec = new ReplicationControllerSpec { Replicas = 2, Selector = Make.Web, Template = Make.Template() },
        });
        await world.SettleAsync();
        await world.KubeletAsync();
        await world.KubeletAsync();
        await world.AssertSettledAsync((0, Web));
        Assert.All(world.Api.All<Pod>(), pod => Assert.Equal(("v1", "ReplicationController"), (pod.Metadata.OwnerReferences![0].ApiVersion, pod.Metadata.OwnerReferences[0].Kind)));
        Assert.Equal(2, world.Api.Find<ReplicationController>("default", "web")!.Status.ReadyReplicas);
    }

    internal static async Task RunUntilDeadAsync(TestWorld world)
    {
        try
        {
            await world.SettleAsync();
        }
        catch (HttpRequestException)
        {
            Assert.True(world.Client.Dead);
        }
    }
}
