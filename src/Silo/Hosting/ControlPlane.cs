using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Client;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.Controllers;
using KubeAspire.Scheduler;
using Microsoft.Extensions.DependencyInjection;

namespace KubeAspire.Silo.Hosting;

/// <summary>What runs beside the API server in this process. Started after the API answers and before its socket opens.</summary>
internal static class ControlPlane
{
    /// <summary>Registers the parts: each a hosted service with a client that acts as the user it is.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="server">The API server, once it is composed.</param>
    public static void AddTo(IServiceCollection services, Func<KubeApiServer> server)
    {
        services.AddSingleton(_ => server());
        services.AddSingleton<ILeadership, SoleLeadership>();
        services.AddSingleton<Func<IReadOnlyList<ResourceType>>>(provider => () => [.. provider.GetRequiredService<KubeApiServer>().Kinds.All.Select(kind => kind.Type)]);
        services.AddKubernetesControllers(provider => ClientOf(provider, "system:kube-controller-manager"));
        services.AddScheduler(provider => ClientOf(provider, "system:kube-scheduler"));
    }

    /// <summary>The API as the user of a part, such as <c>system:kube-scheduler</c>.</summary>
    private static IApiClient ClientOf(IServiceProvider services, string user) => services.GetRequiredService<KubeApiServer>().ClientFor(ApiUser.Named(user));
}
