using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.Controllers;
using KubeAspire.Controllers.Certificates;
using KubeAspire.Scheduler;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Silo.Hosting;

/// <summary>
/// What runs in the control plane once its API answers: the controllers and the scheduler, in a host of their own, so that they
/// start after the API and stop before it. Each is an API client without a socket, under upstream's user names.
/// </summary>
internal static class ControlPlane
{
    /// <summary>Starts the parts; returns when they run.</summary>
    /// <param name="services">The process' services: configuration and loggers.</param>
    /// <param name="server">Gives each part its client, by the user it is.</param>
    /// <param name="pki">The certificate authority, which controllers publish in every namespace and sign with.</param>
    /// <param name="leadership">Says whether they are to act.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IHost> StartAsync(IServiceProvider services, KubeApiServer server, Pki pki, ILeadership leadership, CancellationToken cancellationToken)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddConfiguration(services.GetRequiredService<IConfiguration>());
        // One logger factory for the process; as an instance it is not disposed with this host.
        builder.Services.Replace(ServiceDescriptor.Singleton(services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(leadership);
        builder.Services.AddSingleton<Func<IReadOnlyList<ResourceType>>>(() => server.Kinds.Current.StoredTypes);
        builder.Services.AddSingleton<ICertificateAuthority>(new SiloCertificateAuthority(pki));
        builder.Services.AddKubernetesControllers(_ => server.ClientFor(ApiUser.Named("system:kube-controller-manager")));
        builder.Services.Configure<ControllersOptions>(options => options.RootCertificatePem = pki.AuthorityPem);
        builder.Services.AddScheduler(_ => server.ClientFor(ApiUser.Named("system:kube-scheduler")));
        // The process waits for Ctrl-C once, in its own host.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        return host;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
