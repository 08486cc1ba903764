using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.Deployments;
using KubeAspire.Controllers.ReplicaSets;
using KubeAspire.Controllers.Tests.ReplicaSets;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;

namespace KubeAspire.Controllers.Tests.Deployments;

public sealed class DeploymentReconcilerTests
{
    private static readonly ObjectKey Web = new("default", "web");

    private readonly TestWorld _world = TestWorld.Of(DeploymentController.Create, ReplicaSetController.ForReplicaSets);

    private Deployment Current => _world.Api.Find<Deployment>("default", "web")!;

    [Fact]
    public async Task RollsOut_SaysSo_AndRests()
    {
        _world.Api.Seed(Make.Deployment(3));
        await RunAsync(_world);
        await _world.AssertSettledAsync((0, Web));

        var set = Assert.Single(_world.Api.All<ReplicaSet>());
        Assert.Matches("^web-[bcdfghjklmnpqrstvwxz2456789]+$", set.Metadata.Name);
        Assert.Equal(("1", "3", "4"), (Annotation(set, "revision"), Annotation(set, "desired-replicas"), Annotation(set, "max-replicas")));
        Assert.Equal(set.Metadata.Labels!["pod-template-hash"], set.Spec.Selector.MatchLabels!["pod-template-hash"]);
        Assert.Equal("1", Annotation(Current, "revision"));
        Assert.Equal((3, 3, 3, 3), (Current.Status.Replicas, Current.Status.UpdatedReplicas, Current.Status.ReadyReplicas, Current.Status.AvailableReplicas));
        Assert.Equal(("True", "MinimumReplicasAvailable"), Condition("Available"));
        Assert.Equal(("True", "NewReplicaSetAvailable"), Condition("Progressing"));
        Assert.Contains(_world.Events.All, e => e.Reason == "ScalingReplicaSet" && e.Message == $"Scaled up replica set {set.Metadata.Name} from 0 to 3");
    }

    [Fact]
    public async Task Undo_GivesTheOldReplicaSetANewRevision()
    {
        _world.Api.Seed(Make.Deployment(2));
        await RunAsync(_world);
        await SetImageAsync("web:2");
        await RunAsync(_world);
        await SetImageAsync("web:1");
        await RunAsync(_world);

        Assert.Equal(2, _world.Api.All<ReplicaSet>().Count);
        Assert.Equal("3", Annotation(Current, "revision"));
        var active = _world.Api.All<ReplicaSet>().Single(set => set.Spec.Replicas == 2);
        Assert.Equal(("3", "1", "web:1"), (Annotation(active, "revision"), Annotation(active, "revision-history"), active.Spec.Template!.Spec!.Containers[0].Image));
    }

    [Fact]
    public async Task History_IsBounded()
    {
        var deployment = Make.Deployment(1);
        _world.Api.Seed(deployment with { Spec = deployment.Spec with { RevisionHistoryLimit = 2 } });
        for (var i = 1; i <= 6; i++)
        {
            await SetImageAsync($"web:{i}");
            await RunAsync(_world);
        }

        Assert.Equal(["web:4", "web:5", "web:6"], _world.Api.All<ReplicaSet>().Select(set => set.Spec.Template!.Spec!.Containers[0].Image).Order());
    }

    [Fact]
    public async Task Recreate_EndsTheOldBeforeTheNewBegins()
    {
        _world.Api.Seed(Make.Deployment(3, type: "Recreate"));
        await RunAsync(_world);
        await SetImageAsync("web:2");
        await RunAsync(_world, () => Assert.False(
            _world.Api.All<Pod>().Select(pod => pod.Spec.Containers[0].Image).Distinct().Count() > 1, "old and new pods at once"));
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
        Assert.Equal(3, _world.Api.All<Pod>().Count);
    }

    [Fact]
    public async Task Paused_HoldsTheTemplate_AndStillScales()
    {
        _world.Api.Seed(Make.Deployment(2));
        await RunAsync(_world);
        await ChangeAsync(spec => spec with { Paused = true, Replicas = 4, Template = Make.Template("web:2") });
        await RunAsync(_world);
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal("web:1", pod.Spec.Containers[0].Image));
        Assert.Equal(4, _world.Api.All<Pod>().Count);
        Assert.Equal(("Unknown", "DeploymentPaused"), Condition("Progressing"));

        await ChangeAsync(spec => spec with { Paused = null });
        await RunAsync(_world);
        Assert.All(_world.Api.All<Pod>(), pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
        Assert.Equal(("True", "NewReplicaSetAvailable"), Condition("Progressing"));
    }

    [Fact]
    public async Task ARolloutThatDoesNotMove_TimesOut_AndARollbackHeals()
    {
        _world.Api.Seed(Make.Deployment(4));
        await RunAsync(_world);
        await SetImageAsync("web:bad");
        for (var i = 0; i < 6; i++)
        {
            await _world.SettleAsync();
            await _world.KubeletAsync(pod => pod.Spec.Containers[0].Image != "web:bad");
        }

        await _world.AdvanceAsync(TimeSpan.FromSeconds(602));
        Assert.Equal(("False", "ProgressDeadlineExceeded"), Condition("Progressing"));
        Assert.Equal(3, _world.Api.All<Pod>().Count(PodFacts.IsReady)); // 25 % of 4 may be missing, no more.

        await SetImageAsync("web:1");
        await RunAsync(_world);
        Assert.Equal(("True", "NewReplicaSetAvailable"), Condition("Progressing"));
        Assert.Equal(4, _world.Api.All<Pod>().Count(pod => pod.Spec.Containers[0].Image == "web:1"));
        Assert.Equal(4, _world.Api.All<Pod>().Count);
    }

    [Fact]
    public async Task AHashThatAnotherHas_IsSalted()
    {
        var deployment = Make.Deployment(1);
        _world.Api.Seed(Make.ReplicaSet(0) with { Metadata = new ObjectMeta { Name = $"web-{PodTemplateHash.Of(deployment.Spec.Template, null)}", Namespace = "default" } });
        _world.Api.Seed(deployment);
        var stranger = _world.Api.All<ReplicaSet>()[0];
        _world.Api.Seed(stranger with { Spec = stranger.Spec with { Selector = new LabelSelector { MatchLabels = new Dictionary<string, string> { ["x"] = "y" } } }, Metadata = stranger.Metadata with { Labels = new Dictionary<string, string> { ["x"] = "y" } } });
        await RunAsync(_world);
        Assert.Equal(1, Current.Status.CollisionCount);
        Assert.Equal(2, _world.Api.All<ReplicaSet>().Count);
        Assert.Equal(1, Current.Status.AvailableReplicas);
    }

    /// <summary>Safety in every state: never more pods than size plus surge, never fewer available than size minus unavailable.</summary>
    [Fact]
    public async Task AnyRollout_KeepsItsBounds_AndSettles()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var size = random.Next(1, 9);
            var (surge, unavailable) = (random.Next(0, 4), random.Next(0, 4));
            unavailable = surge == 0 ? Math.Max(1, unavailable) : unavailable;
            var world = TestWorld.Of(DeploymentController.Create, ReplicaSetController.ForReplicaSets);
            world.Api.Seed(Make.Deployment(size, surge, unavailable));
            await RunAsync(world);
            for (var image = 2; image < 4; image++)
            {
                await ChangeAsync(world, spec => spec with { Template = Make.Template($"web:{image}") });
                for (var step = 0; step < random.Next(1, 4); step++)
                {
                    await world.SettleAsync(() => AssertBounds(world, seed, size, surge, unavailable));
                    await world.KubeletAsync(_ => random.Next(3) > 0);
                    AssertBounds(world, seed, size, surge, unavailable);
                }
            }

            await RunAsync(world, () => AssertBounds(world, seed, size, surge, unavailable));
            Assert.True(world.Api.All<Pod>().Count == size, $"seed {seed}: {world.Api.All<Pod>().Count} pods of {size}");
            Assert.All(world.Api.All<Pod>(), pod => Assert.Equal("web:3", pod.Spec.Containers[0].Image));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACrashAtAnyWrite_LeavesTheSameWorld(bool storesLast)
    {
        for (var k = 0; k < 100; k++)
        {
            var clock = new ManualClock();
            var api = new FakeApiClient(clock);
            api.Seed(Make.Deployment(3));
            var before = new TestWorld(clock, api, null, DeploymentController.Create, ReplicaSetController.ForReplicaSets);
            await RunAsync(before);
            await ChangeAsync(before, spec => spec with { Template = Make.Template("web:2") });
            (before.Client.WritesLeft, before.Client.StoresLast) = (k, storesLast);
            for (var step = 0; step < 20 && !before.Client.Dead; step++)
            {
                await ReplicaSetReconcilerTests.RunUntilDeadAsync(before);
                await before.KubeletAsync();
            }

            var after = new TestWorld(clock, api, null, DeploymentController.Create, ReplicaSetController.ForReplicaSets);
            await RunAsync(after);
            Assert.True(api.All<ReplicaSet>().Count == 2, $"crash at write {k}: {api.All<ReplicaSet>().Count} replica sets");
            Assert.True(api.All<Pod>().Count == 3, $"crash at write {k}: {api.All<Pod>().Count} pods");
            Assert.All(api.All<Pod>(), pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
            Assert.Equal("2", Annotation(api.Find<Deployment>("default", "web")!, "revision"));
            if (!before.Client.Dead)
            {
                Assert.True(k > 10);
                return;
            }
        }

        Assert.Fail("a rollout of three pods takes fewer than 100 writes");
    }

    private static void AssertBounds(TestWorld world, int seed, int size, int surge, int unavailable)
    {
        var asked = world.Api.All<ReplicaSet>().Sum(DeploymentMath.Size);
        Assert.True(asked <= size + surge, $"seed {seed}: {asked} replicas asked for, {size}+{surge} allowed");
        var pods = world.Api.All<Pod>().Where(pod => pod.Metadata.DeletionTimestamp is null).ToList();
        Assert.True(pods.Count <= size + surge, $"seed {seed}: {pods.Count} pods, {size}+{surge} allowed");
        Assert.True(pods.Count(PodFacts.IsReady) >= size - unavailable, $"seed {seed}: {pods.Count(PodFacts.IsReady)} ready, {size}-{unavailable} demanded");
    }

    private static async Task RunAsync(TestWorld world, Action? afterEach = null)
    {
        for (var i = 0; i < 40; i++)
        {
            await world.SettleAsync(afterEach);
            var before = world.Api.Revision;
            await world.KubeletAsync();
            afterEach?.Invoke();
            if (world.Api.Revision == before)
            {
                return;
            }
        }

        Assert.Fail("the rollout did not settle");
    }

    private static async Task ChangeAsync(TestWorld world, Func<DeploymentSpec, DeploymentSpec> change)
    {
        var current = world.Api.Find<Deployment>("default", "web")!;
        Assert.True((await world.Api.UpdateAsync(current with { Spec = change(current.Spec) }, default)).Succeeded);
    }

    private static string? Annotation(IKubernetesObject value, string name) => value.Metadata.Annotations?.GetValueOrDefault($"deployment.kubernetes.io/{name}");

    private (string, string?) Condition(string type) => Current.Status.Conditions!.Where(c => c.Type == type).Select(c => (c.Status, c.Reason)).Single();

    private Task ChangeAsync(Func<DeploymentSpec, DeploymentSpec> change) => ChangeAsync(_world, change);

    private Task SetImageAsync(string image) => ChangeAsync(spec => spec with { Template = Make.Template(image) });
}
