using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.GarbageCollection;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.GarbageCollection;

public sealed class GarbageCollectorTests
{
    private readonly TestWorld _world = TestWorld.Of(GarbageCollectorController.Create);

    [Fact]
    public async Task Background_TheWholeTreeGoes()
    {
        var root = Add("root");
        var child = Add("child", root);
        Add("grandchild", child);
        Add("stranger");
        await _world.SettleAsync();
        await DeleteAsync("root", "Background");
        await _world.SettleAsync();
        Assert.Equal(["stranger"], Names());
    }

    [Fact]
    public async Task Foreground_TheOwnerGoesLast()
    {
        var root = Add("root");
        var child = Add("child", root);
        Add("grandchild", child);
        await _world.SettleAsync();
        await DeleteAsync("root", "Foreground");
        var order = new List<string>();
        await _world.SettleAsync(() => order.Add(string.Join(',', Names())));
        Assert.Empty(Names());
        Assert.Equal(["child,grandchild,root", "child,root", "root", ""], order.Distinct());
    }

    [Fact]
    public async Task Orphan_TheDependentsStay()
    {
        var root = Add("root");
        Add("child", root);
        await _world.SettleAsync();
        await DeleteAsync("root", "Orphan");
        await _world.SettleAsync();
        Assert.Equal(["child"], Names());
        Assert.Empty(_world.Api.Find<ConfigMap>("default", "child")!.Metadata.OwnerReferences ?? []);
    }

    [Fact]
    public async Task OneLivingOwner_IsEnough_AndTheDeadReferenceIsDropped()
    {
        var (a, b) = (Add("a"), Add("b"));
        Add("child", a, b);
        await _world.SettleAsync();
        await DeleteAsync("a", "Background");
        await _world.SettleAsync();
        Assert.Equal(b.Metadata.Uid, Assert.Single(_world.Api.Find<ConfigMap>("default", "child")!.Metadata.OwnerReferences!).Uid);
    }

    [Fact]
    public async Task ADependentThatComesAfterItsOwnerWent_Goes()
    {
        Add("child", new ConfigMap { Metadata = new ObjectMeta { Name = "never", Uid = "no-such-uid" } });
        await _world.SettleAsync();
        Assert.Empty(Names());
    }

    [Fact]
    public async Task AnOwnerOfTheSameNameAndAnotherUid_IsNoOwner()
    {
        var first = Add("owner");
        await DeleteAsync("owner", "Background");
        Add("owner");
        Add("child", first);
        await _world.SettleAsync();
        Assert.Equal(["owner"], Names());
    }

    [Fact]
    public async Task AnOwnerTheCacheDoesNotShowYet_IsAskedFor()
    {
        var owner = Add("owner");
        _world.Api.Seed(new Secret { Metadata = new ObjectMeta { Name = "child", Namespace = "default", OwnerReferences = [Reference(owner)] } });
        await _world.Informers.RefreshAsync(Secret.ResourceType); // The watch of Secrets is ahead of that of ConfigMaps.
        while (await _world.PassAsync())
        {
        }

        Assert.Single(_world.Api.All<Secret>());
        await _world.SettleAsync();
        Assert.Single(_world.Api.All<Secret>());
    }

    [Fact]
    public async Task ARefusedRead_DeletesNothing()
    {
        Add("child", new ConfigMap { Metadata = new ObjectMeta { Name = "owner", Uid = "unknown-uid" } });
        _world.Api.FailNext("get", null, new ApiError(ApiErrorReason.ServiceUnavailable, "down"), times: 6);
        await _world.Informers.RefreshAsync();
        for (var i = 0; i < 6; i++)
        {
            await _world.PassAsync();
        }

        Assert.Equal(["child"], Names());
    }

    [Fact]
    public async Task AnOwnerInAnotherNamespace_IsToldAndNotBelieved()
    {
        var owner = Add("owner");
        await _world.SettleAsync();
        _world.Api.Seed(new ConfigMap { Metadata = new ObjectMeta { Name = "child", Namespace = "other", OwnerReferences = [Reference(owner)] } });
        await _world.SettleAsync();
        Assert.Equal(["owner"], Names());
        Assert.Contains(_world.Events.All, e => e.Reason == "OwnerRefInvalidNamespace");
    }

    [Fact]
    public async Task AnUnknownKindOfOwner_KeepsItsDependents()
    {
        _world.Api.Seed(new ConfigMap
        {
            Metadata = new ObjectMeta { Name = "child", Namespace = "default", OwnerReferences = [new OwnerReference { ApiVersion = "example.com/v1", Kind = "Widget", Name = "w", Uid = "w" }] },
        });
        await _world.SettleAsync();
        Assert.Equal(["child"], Names());
    }

    [Fact]
    public async Task TwoThatOwnEachOther_DoNotHoldAForegroundDeletionUp()
    {
        var a = Add("a");
        var b = Add("b", a);
        _world.Api.Seed(a with { Metadata = a.Metadata with { OwnerReferences = [Reference(b)] } });
        await _world.SettleAsync();
        await DeleteAsync("a", "Foreground");
        await _world.SettleAsync();
        Assert.Empty(Names());
    }

    [Fact]
    public async Task SeededForests_NoLivingOwnersObjectIsEverDeleted()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var world = TestWorld.Of(GarbageCollectorController.Create);
            var made = new List<ConfigMap>();
            for (var i = 0; i < 14; i++)
            {
                var owners = made.Where(_ => random.Next(4) == 0).Take(3).ToArray();
                made.Add(world.Api.Seed(new ConfigMap { Metadata = new ObjectMeta { Name = $"o{i:d2}", Namespace = "default", OwnerReferences = [.. owners.Select(Reference)] } }));
            }

            await world.SettleAsync();
            Assert.Equal(14, world.Api.All<ConfigMap>().Count);
            for (var i = 0; i < 3; i++)
            {
                var victim = made[random.Next(made.Count)];
                await world.Api.DeleteAsync<ConfigMap>("default", victim.Metadata.Name!, new DeleteOptions { PropagationPolicy = random.Next(2) == 0 ? "Background" : "Foreground" }, default);
                await world.SettleAsync();
            }

            var left = world.Api.All<ConfigMap>().Select(value => value.Metadata.Uid).ToHashSet();
            foreach (var value in world.Api.All<ConfigMap>())
            {
                Assert.All(value.Metadata.OwnerReferences ?? [], owner => Assert.True(left.Contains(owner.Uid), $"seed {seed}: {value.Metadata.Name} names an owner that is gone"));
                Assert.True(value.Metadata.DeletionTimestamp is null, $"seed {seed}: {value.Metadata.Name} hangs");
            }
        }
    }

    private ConfigMap Add(string name, params ConfigMap[] owners) => _world.Api.Seed(new ConfigMap
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", OwnerReferences = owners.Length == 0 ? null : [.. owners.Select(Reference)] },
    });

    private static OwnerReference Reference(ConfigMap owner) =>
        new() { ApiVersion = "v1", Kind = "ConfigMap", Name = owner.Metadata.Name!, Uid = owner.Metadata.Uid!, BlockOwnerDeletion = true };

    private Task<ApiError?> DeleteAsync(string name, string policy) =>
        _world.Api.DeleteAsync<ConfigMap>("default", name, new DeleteOptions { PropagationPolicy = policy }, default);

    private IEnumerable<string?> Names() => _world.Api.All<ConfigMap>().Select(value => value.Metadata.Name);
}
