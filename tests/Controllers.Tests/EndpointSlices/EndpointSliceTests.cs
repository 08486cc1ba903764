using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.EndpointSlices;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;

namespace KubeAspire.Controllers.Tests.EndpointSlices;

public sealed class EndpointSliceTests
{
    private static readonly ObjectKey Web = new("default", "web");

    private readonly TestWorld _world = TestWorld.Of(EndpointSliceController.Create);

    private EndpointSlice Only => Assert.Single(_world.Api.All<EndpointSlice>());

    [Fact]
    public async Task AServiceWithoutPods_HasAnEmptySlice()
    {
        _world.Api.Seed(Make.Service());
        await _world.AssertSettledAsync((0, Web));
        Assert.Empty(Only.Endpoints ?? []);
        Assert.Equal(("web", "endpointslice-controller.k8s.io"), (Only.Metadata.Labels!["kubernetes.io/service-name"], Only.Metadata.Labels["endpointslice.kubernetes.io/managed-by"]));
        Assert.Equal(("Service", "web", true), (Only.Metadata.OwnerReferences![0].Kind, Only.Metadata.OwnerReferences[0].Name, Only.Metadata.OwnerReferences[0].Controller));
        Assert.StartsWith("web-", Only.Metadata.Name);
    }

    [Fact]
    public async Task Pods_BecomeEndpoints_InTheSameSlice()
    {
        _world.Api.Seed(Make.Service());
        await _world.SettleAsync();
        _world.Api.Seed(Make.Node("node-1") with { Metadata = new ObjectMeta { Name = "node-1", Labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "z1" } } });
        _world.Api.Seed(Make.Pod("a"));
        _world.Api.Seed(Make.Pod("b", ready: false));
        _world.Api.Seed(Make.Pod("no-ip") with { Status = new PodStatus { Phase = "Pending" } });
        _world.Api.Seed(Make.Pod("ended", phase: "Succeeded"));
        await _world.AssertSettledAsync((0, Web));

        Assert.Equal(["a", "b"], Only.Endpoints!.Select(e => e.TargetRef!.Name).Order());
        var (a, b) = (Only.Endpoints!.Single(e => e.TargetRef!.Name == "a"), Only.Endpoints!.Single(e => e.TargetRef!.Name == "b"));
        Assert.Equal((true, true, false), (a.Conditions!.Ready, a.Conditions.Serving, a.Conditions.Terminating));
        Assert.Equal((false, false), (b.Conditions!.Ready, b.Conditions.Serving));
        Assert.Equal(("node-1", "z1", "uid-a"), (a.NodeName, a.Zone, a.TargetRef!.Uid));
        Assert.Equal((8080, "TCP", ""), (Only.Ports![0].Port, Only.Ports[0].Protocol, Only.Ports[0].Name));
    }

    [Fact]
    public async Task ADeletedPod_IsTerminatingAtOnce_ThenGone()
    {
        _world.Api.Seed(Make.Service());
        _world.Api.Seed(Make.Pod("a"));
        await _world.SettleAsync();
        await _world.Api.DeleteAsync<Pod>("default", "a", new DeleteOptions(), default);
        await _world.SettleAsync();
        var leaving = Only.Endpoints![0].Conditions!;
        Assert.Equal((false, true, true), (leaving.Ready, leaving.Serving, leaving.Terminating));
        await _world.KubeletAsync();
        await _world.AssertSettledAsync((0, Web));
        Assert.Empty(Only.Endpoints ?? []);
    }

    [Fact]
    public async Task ManyPods_AreSpread_AndAChangeTouchesOneSlice()
    {
        _world.Api.Seed(Make.Service());
        for (var i = 0; i < 250; i++)
        {
            _world.Api.Seed(Make.Pod($"p{i:d3}"));
        }

        await _world.SettleAsync();
        Assert.Equal([50, 100, 100], _world.Api.All<EndpointSlice>().Select(slice => slice.Endpoints!.Count).Order());
        _world.Api.ClearActions();
        await _world.Api.DeleteAsync<Pod>("default", "p007", new DeleteOptions { GracePeriodSeconds = 0 }, default);
        await _world.SettleAsync();
        Assert.Equal(["delete pods", "update endpointslices.discovery.k8s.io"], _world.Api.Actions.Select(a => $"{a.Verb} {a.Resource}"));
        _world.Api.Seed(Make.Pod("late"));
        await _world.SettleAsync();
        Assert.Equal(3, _world.Api.All<EndpointSlice>().Count);
        Assert.Equal(250, _world.Api.All<EndpointSlice>().Sum(slice => slice.Endpoints!.Count));
    }

    [Fact]
    public async Task ANamedPort_MayDifferFromPodToPod()
    {
        _world.Api.Seed(Make.Service(new ServicePort { Name = "http", Port = 80, TargetPort = "web" }));
        _world.Api.Seed(WithPort("a", 8080));
        _world.Api.Seed(WithPort("b", 9090));
        _world.Api.Seed(Make.Pod("none"));
        await _world.AssertSettledAsync((0, Web));
        Assert.Equal([(8080, "a"), (9090, "b")], _world.Api.All<EndpointSlice>().Select(slice => (slice.Ports![0].Port!.Value, Assert.Single(slice.Endpoints!).TargetRef!.Name!)).Order());
    }

    [Fact]
    public async Task AStaleCache_NeverCreatesTwice()
    {
        _world.Api.Seed(Make.Service());
        _world.Api.Seed(Make.Pod("a"));
        await _world.Informers.RefreshAsync();
        while (await _world.PassAsync())
        {
        }

        _world.Controllers[0].Queue.Add(Web);
        await _world.PassAsync();
        Assert.Single(_world.Api.All<EndpointSlice>());
        await _world.AssertSettledAsync((0, Web));
    }

    [Fact]
    public async Task PublishNotReady_AndHeadless()
    {
        var service = Make.Service();
        _world.Api.Seed(service with { Spec = service.Spec with { ClusterIP = "None", PublishNotReadyAddresses = true, Ports = null } });
        _world.Api.Seed(Make.Pod("a", ready: false));
        await _world.AssertSettledAsync((0, Web));
        Assert.Equal((true, false), (Only.Endpoints![0].Conditions!.Ready, Only.Endpoints[0].Conditions!.Serving));
        Assert.Equal("", Only.Metadata.Labels!["service.kubernetes.io/headless"]);
    }

    private static Pod WithPort(string name, int number)
    {
        var pod = Make.Pod(name);
        return pod with { Spec = pod.Spec with { Containers = [pod.Spec.Containers[0] with { Ports = [new ContainerPort { Name = "web", ContainerPortValue = number }] }] } };
    }
}
