using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Controllers.ResourceQuotas;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.ResourceQuotas;

/// <summary>When a count is asked for; that it is right is the API server's, and tested there.</summary>
public sealed class ResourceQuotaTests
{
    [Fact]
    public async Task ACount_IsAskedFor_WhenTheBoundsChange_AndNotWhenItsAnswerComes()
    {
        var world = await WorldAsync();
        Assert.False(IsAsked(world));
        var quota = world.Api.Find<ResourceQuota>("default", "q")!;
        await world.Api.UpdateAsync(ResourceQuota.ResourceType, quota with { Spec = new ResourceQuotaSpec { Hard = new Dictionary<string, Quantity> { ["pods"] = Quantity.From(9) } } }, null, default);
        await world.SettleAsync();
        Assert.True(IsAsked(world));
    }

    [Theory]
    [InlineData("deleted", true)]
    [InlineData("ended", true)]
    [InlineData("ready", false)]
    [InlineData("elsewhere", false)]
    public async Task ACount_IsAskedFor_WhenLessMayBeUsed(string what, bool asked)
    {
        var world = await WorldAsync();
        var pod = Make.Pod("p");
        world.Api.Seed(what == "elsewhere" ? pod with { Metadata = pod.Metadata with { Namespace = "other" } } : pod);
        await world.SettleAsync();
        switch (what)
        {
            case "ended":
                pod = world.Api.Find<Pod>("default", "p")!;
                await world.Api.UpdateAsync(Pod.ResourceType, pod with { Status = pod.Status with { Phase = "Succeeded" } }, "status", default);
                break;
            case "ready":
                pod = world.Api.Find<Pod>("default", "p")!;
                await world.Api.UpdateAsync(Pod.ResourceType, pod with { Status = pod.Status with { Conditions = null } }, "status", default);
                break;
            default:
                await world.Api.DeleteAsync(Pod.ResourceType, what == "elsewhere" ? "other" : "default", "p", new DeleteOptions { GracePeriodSeconds = 0 }, default);
                break;
        }

        await world.SettleAsync();
        Assert.Equal(asked, IsAsked(world));
    }

    [Fact]
    public async Task NowAndThen_ItIsAskedForAnyway()
    {
        var world = await WorldAsync();
        await world.AdvanceAsync(ResourceQuotaReconciler.Resync);
        Assert.True(IsAsked(world));
    }

    // A quota that was counted once: 3 pods.
    private static async Task<TestWorld> WorldAsync()
    {
        var world = TestWorld.Of(ResourceQuotaReconciler.Create);
        world.Api.Seed(new ResourceQuota
        {
            Metadata = new ObjectMeta { Name = "q", Namespace = "default" }, Spec = new ResourceQuotaSpec { Hard = new Dictionary<string, Quantity> { ["pods"] = Quantity.From(5) } },
        });
        await world.SettleAsync();
        var quota = world.Api.Find<ResourceQuota>("default", "q")!;
        var counted = quota.Status with { Used = new Dictionary<string, Quantity> { ["pods"] = Quantity.From(3) } };
        await world.Api.UpdateAsync(ResourceQuota.ResourceType, quota with { Status = counted }, "status", default);
        await world.SettleAsync();
        return world;
    }

    // The API in memory counts nothing: it keeps what it was asked with.
    private static bool IsAsked(TestWorld world) => world.Api.Find<ResourceQuota>("default", "q")!.Status.Used is null;
}
