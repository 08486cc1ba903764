using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.ServiceEndpoints;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.ServiceEndpoints;

public sealed class EndpointsTests
{
    private static readonly ObjectKey Web = new("default", "web");

    private readonly TestWorld _world = TestWorld.Of(EndpointsController.Create);

    [Fact]
    public async Task ReadyAndUnready_StandApart_AndLeavingPodsNowhere()
    {
        _world.Api.Seed(Make.Service(new ServicePort { Name = "http", Port = 80, TargetPort = 8080 }, new ServicePort { Name = "metrics", Port = 90, TargetPort = 9090 }));
        _world.Api.Seed(Make.Pod("a"));
        _world.Api.Seed(Make.Pod("b", ready: false));
        _world.Api.Seed(Make.Pod("leaving"));
        await _world.Api.DeleteAsync<Pod>("default", "leaving", new DeleteOptions(), default);
        await _world.AssertSettledAsync((0, Web));

        var endpoints = _world.Api.Find<Endpoints>("default", "web")!;
        var subset = Assert.Single(endpoints.Subsets!);
        Assert.Equal("a", Assert.Single(subset.Addresses!).TargetRef!.Name);
        Assert.Equal("b", Assert.Single(subset.NotReadyAddresses!).TargetRef!.Name);
        Assert.Equal([("http", 8080), ("metrics", 9090)], subset.Ports!.Select(port => (port.Name!, port.Port)));
    }

    [Fact]
    public async Task TheyGoWithTheirService_AndOthersAreLeftAlone()
    {
        _world.Api.Seed(new Endpoints { Metadata = new ObjectMeta { Name = "kubernetes", Namespace = "default" } });
        _world.Api.Seed(Make.Service());
        await _world.SettleAsync();
        Assert.NotNull(_world.Api.Find<Endpoints>("default", "web"));
        await _world.Api.DeleteAsync<Service>("default", "web", new DeleteOptions(), default);
        await _world.SettleAsync();
        Assert.Null(_world.Api.Find<Endpoints>("default", "web"));
        Assert.NotNull(_world.Api.Find<Endpoints>("default", "kubernetes"));
    }

    [Fact]
    public void BeyondTheCapacity_ReadyAddressesStay_AndItIsSaid()
    {
        var pods = Enumerable.Range(0, 1100).Select(i => Make.Pod($"p{i:d4}", ready: i >= 200)).ToList();
        var planned = EndpointsPlanner.Plan(Make.Service(), pods, null);
        Assert.Equal((900, 100), (planned.Subsets![0].Addresses!.Count, planned.Subsets[0].NotReadyAddresses!.Count));
        Assert.Equal("truncated", planned.Metadata.Annotations![EndpointsPlanner.OverCapacity]);
    }
}
