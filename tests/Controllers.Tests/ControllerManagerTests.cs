using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.Testing.Api;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace KubeAspire.Controllers.Tests;

/// <summary>All controllers as a host runs them: real informers, queues and workers over an API in memory.</summary>
public sealed class ControllerManagerTests
{
    [Fact]
    public async Task Registered_AllControllersWorkTogether()
    {
        var api = new FakeApiClient(TimeProvider.System);
        await using var services = Services(api, ("Controllers:RootCertificatePem", "PEM"));
        var manager = services.GetServices<IHostedService>().OfType<ControllerManager>().Single();
        Assert.Equal(manager.Controllers.Count, manager.Controllers.Select(controller => controller.Name).Distinct().Count());
        api.Seed(Make.Deployment(3));
        api.Seed(Make.Service());
        api.Seed(Make.Node("node-1"));

        await manager.StartAsync(default);
        await EventuallyAsync(() => api.All<Pod>().Count == 3 && api.Find<ServiceAccount>("default", "default") is not null
            && api.Find<ConfigMap>("kube-system", "kube-root-ca.crt") is not null && api.All<EndpointSlice>().Count == 1
            && api.Find<Node>(null, "node-1")!.Spec.PodCIDR == "10.244.1.0/24");
        await api.DeleteAsync(Deployment.ResourceType, "default", "web", new DeleteOptions { PropagationPolicy = "Background" }, default);
        await EventuallyAsync(() => api.All<ReplicaSet>().Count == 0 && api.All<Pod>().Count == 0);
        await manager.StopAsync(default);
    }

    [Fact]
    public void ABadOption_IsRefused()
    {
        using var services = Services(new FakeApiClient(), ("Controllers:NodeLifecycle:GracePeriod", "00:00:00"));
        Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<ControllersOptions>>().Value);
    }

    private static ServiceProvider Services(FakeApiClient api, params (string Key, string? Value)[] settings) => new ServiceCollection()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))).Build())
        .AddLogging()
        .AddSingleton<ILeadership, SoleLeadership>()
        .AddKubernetesControllers(_ => api)
        .BuildServiceProvider();

    private static async Task EventuallyAsync(Func<bool> isTrue)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15), TimeProvider.System);
        while (!isTrue())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }
}
