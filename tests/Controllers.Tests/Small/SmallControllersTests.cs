using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.ClusterRoleAggregation;
using KubeAspire.Controllers.EventTtl;
using KubeAspire.Controllers.NodeIpam;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Rbac;

namespace KubeAspire.Controllers.Tests.Small;

public sealed class SmallControllersTests
{
    [Fact]
    public async Task NodeIpam_GivesTheLowestFreeNetwork_AndTakesItBack()
    {
        var world = TestWorld.Of(NodeIpamReconciler.Create);
        foreach (var name in new[] { "node-1", "node-2" })
        {
            world.Api.Seed(Make.Node(name));
        }

        await world.AssertSettledAsync((0, new ObjectKey("", "node-1")));
        Assert.Equal(["10.244.1.0/24", "10.244.2.0/24"], world.Api.All<Node>().Select(node => node.Spec.PodCIDR));
        Assert.Equal(["10.244.1.0/24"], world.Api.Find<Node>(null, "node-1")!.Spec.PodCIDRs);
        await world.Api.DeleteAsync<Node>(null, "node-1", new DeleteOptions(), default);
        world.Api.Seed(Make.Node("node-3"));
        await world.SettleAsync();
        Assert.Equal("10.244.1.0/24", world.Api.Find<Node>(null, "node-3")!.Spec.PodCIDR);
    }

    [Fact]
    public async Task NodeIpam_OnAStaleCache_NeverGivesOneNetworkTwice()
    {
        var world = TestWorld.Of(NodeIpamReconciler.Create);
        for (var i = 0; i < 5; i++)
        {
            world.Api.Seed(Make.Node($"node-{i}"));
        }

        await world.Informers.RefreshAsync();
        while (await world.PassAsync())
        {
        }

        Assert.Equal(5, world.Api.All<Node>().Select(node => node.Spec.PodCIDR).Distinct().Count());
    }

    [Theory]
    [InlineData("10.244.0.0/16", 256, "10.244.255.0/24")]
    [InlineData("172.20.16.0/20", 16, "172.20.31.0/24")]
    public void CidrSet_CutsNetworks(string cidr, int count, string last)
    {
        var set = new CidrSet(cidr);
        Assert.Equal((count, last), (set.Count, set.At(count - 1)));
        Assert.Null(set.Lowest(Enumerable.Range(0, count).Select(set.At).ToHashSet()));
    }

    [Theory]
    [InlineData("10.244.0.0/24")]
    [InlineData("fd00::/48")]
    [InlineData("nonsense")]
    public void CidrSet_RefusesWhatHasNoRoom(string cidr) => Assert.Throws<FormatException>(() => new CidrSet(cidr));

    [Fact]
    public async Task EventTtl_DeletesOldEvents_AndKeepsRepeatedOnes()
    {
        var world = TestWorld.Of(EventTtlReconciler.Create);
        world.Api.Seed(new Event { Metadata = new ObjectMeta { Name = "once", Namespace = "default" }, LastTimestamp = world.Clock.GetUtcNow() });
        var repeated = world.Api.Seed(new Event { Metadata = new ObjectMeta { Name = "again", Namespace = "default" }, LastTimestamp = world.Clock.GetUtcNow() });
        await world.AdvanceAsync(TimeSpan.FromMinutes(30));
        await world.Api.UpdateAsync(repeated with { LastTimestamp = world.Clock.GetUtcNow() }, default);
        await world.AdvanceAsync(TimeSpan.FromMinutes(31));
        Assert.Equal(["again"], world.Api.All<Event>().Select(value => value.Metadata.Name));
        await world.AdvanceAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Api.All<Event>());
    }

    [Fact]
    public async Task Aggregation_SumsSelectedRoles_EachRuleOnce()
    {
        var world = TestWorld.Of(AggregationReconciler.Create);
        world.Api.Seed(new ClusterRole
        {
            Metadata = new ObjectMeta { Name = "view" },
            AggregationRule = new AggregationRule { ClusterRoleSelectors = [new LabelSelector { MatchLabels = new Dictionary<string, string> { ["to-view"] = "true" } }] },
        });
        Part(world, "b", "pods");
        Part(world, "a", "services", "pods");
        await world.AssertSettledAsync((0, new ObjectKey("", "view")));
        Assert.Equal(["services", "pods"], world.Api.Find<ClusterRole>(null, "view")!.Rules!.Select(rule => rule.Resources![0]));
        await world.Api.DeleteAsync<ClusterRole>(null, "a", new DeleteOptions(), default);
        await world.SettleAsync();
        Assert.Equal(["pods"], world.Api.Find<ClusterRole>(null, "view")!.Rules!.Select(rule => rule.Resources![0]));
    }

    private static void Part(TestWorld world, string name, params string[] resources) => world.Api.Seed(new ClusterRole
    {
        Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["to-view"] = "true" } },
        Rules = [.. resources.Select(resource => new PolicyRule { ApiGroups = [""], Resources = [resource], Verbs = ["get"] })],
    });
}
