using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.EndpointSliceMirroring;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using EndpointPort = KubeAspire.Resources.Core.EndpointPort;

namespace KubeAspire.Controllers.Tests.EndpointSliceMirroring;

public sealed class MirrorTests
{
    private static readonly ObjectKey s_key = new("default", "db");

    [Fact]
    public async Task WrittenEndpoints_AreShownAsSlices_FollowedAndTakenAway()
    {
        var world = TestWorld.Of(MirrorReconciler.Create);
        world.Api.Seed(Service(null));
        world.Api.Seed(Written("10.1.0.1", "10.1.0.2"));
        await world.AssertSettledAsync((0, s_key));

        var slice = Assert.Single(world.Api.All<EndpointSlice>());
        Assert.Equal(("IPv4", "db", MirrorPlanner.Manager, "rack-1"), (
            slice.AddressType, slice.Metadata.Labels!["kubernetes.io/service-name"], slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"], slice.Metadata.Labels["where"]));
        Assert.Equal(["10.1.0.1", "10.1.0.2"], slice.Endpoints!.Select(endpoint => endpoint.Addresses[0]));
        Assert.All(slice.Endpoints!, endpoint => Assert.True(endpoint.Conditions!.Ready));
        Assert.Equal(("pg", 5432, "TCP"), (slice.Ports![0].Name, slice.Ports[0].Port, slice.Ports[0].Protocol));

        await world.Api.UpdateAsync(Endpoints.ResourceType, Written("10.1.0.3") with { Metadata = world.Api.Find<Endpoints>("default", "db")!.Metadata }, null, default);
        await world.AssertSettledAsync((0, s_key));
        Assert.Equal("10.1.0.3", Assert.Single(Assert.Single(world.Api.All<EndpointSlice>()).Endpoints!).Addresses[0]);

        await world.Api.DeleteAsync(Endpoints.ResourceType, "default", "db", new DeleteOptions(), default);
        await world.SettleAsync();
        Assert.Empty(world.Api.All<EndpointSlice>());
    }

    [Fact]
    public async Task WhatIsNotReady_AndTheOtherFamily_AreToldApart()
    {
        var world = TestWorld.Of(MirrorReconciler.Create);
        world.Api.Seed(Service(null));
        var written = Written("10.1.0.1", "fd00::1");
        world.Api.Seed(written with { Subsets = [written.Subsets![0] with { NotReadyAddresses = [new EndpointAddress { Ip = "10.1.0.9" }] }] });
        await world.AssertSettledAsync((0, s_key));

        var slices = world.Api.All<EndpointSlice>().OrderBy(slice => slice.AddressType).ToList();
        Assert.Equal(["IPv4", "IPv6"], slices.Select(slice => slice.AddressType));
        Assert.Equal([("10.1.0.1", true), ("10.1.0.9", false)], slices[0].Endpoints!.Select(endpoint => (endpoint.Addresses[0], endpoint.Conditions!.Ready == true)));
    }

    [Fact]
    public void NoSliceIsLargerThanASliceMayBe_AndNoMoreThanAThousandAreShown()
    {
        var plan = MirrorPlanner.Plan(Written([.. Enumerable.Range(0, 1200).Select(at => $"10.2.{at / 250}.{at % 250}")]), []);
        Assert.Equal((10, 1000), (plan.Create.Count, plan.Create.Sum(slice => slice.Endpoints!.Count)));
        Assert.All(plan.Create, slice => Assert.True(slice.Endpoints!.Count <= 100));
    }

    [Theory]
    [InlineData("selector")]
    [InlineData("skip")]
    [InlineData("leader")]
    [InlineData("no service")]
    public async Task WhatOthersShow_OrNobodyWants_IsLeftAlone(string why)
    {
        var world = TestWorld.Of(MirrorReconciler.Create);
        if (why != "no service")
        {
            world.Api.Seed(Service(why == "selector" ? Make.Web : null));
        }

        var written = Written("10.1.0.1");
        world.Api.Seed(written with
        {
            Metadata = written.Metadata with
            {
                Labels = why == "skip" ? new Dictionary<string, string> { [MirrorPlanner.SkipMirror] = "true" } : null,
                Annotations = why == "leader" ? new Dictionary<string, string> { ["control-plane.alpha.kubernetes.io/leader"] = "{}" } : null,
            },
        });
        await world.SettleAsync();
        Assert.Empty(world.Api.All<EndpointSlice>());
    }

    private static Service Service(Dictionary<string, string>? selector) => new()
    {
        Metadata = new ObjectMeta { Name = "db", Namespace = "default" }, Spec = new ServiceSpec { Selector = selector, Ports = [new ServicePort { Name = "pg", Port = 5432 }] },
    };

    private static Endpoints Written(params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Name = "db", Namespace = "default", Labels = new Dictionary<string, string> { ["where"] = "rack-1" } },
        Subsets = [new EndpointSubset { Addresses = [.. addresses.Select(ip => new EndpointAddress { Ip = ip })], Ports = [new EndpointPort { Name = "pg", Port = 5432 }] }],
    };
}
