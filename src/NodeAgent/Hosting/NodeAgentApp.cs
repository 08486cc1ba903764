using System.Net;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.Client.Rest;
using KubeAspire.ContainerRuntime;
using KubeAspire.ContainerRuntime.Docker;
using KubeAspire.NodeAgent.Images;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.NodeAgent.Nodes;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.NodeAgent.Probes;
using KubeAspire.NodeAgent.Streaming;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.NodeAgent.Volumes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Hosting;

/// <summary>Puts the agent together.</summary>
internal static class NodeAgentApp
{
    /// <summary>How long stopping may take. 10 s: what is being started is finished, nothing is stopped.</summary>
    private static readonly TimeSpan s_shutdownTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The services, but for the clock, the API client and the container runtime, which a test brings itself.</summary>
    public static IServiceCollection AddNodeAgent(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptionsWithValidateOnStart<NodeAgentOptions, NodeAgentOptionsValidator>().BindConfiguration(NodeAgentOptions.SectionName);
        services.AddSingleton<IInformerFactory>(provider => new InformerFactory(
            provider.GetRequiredService<IApiClient>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<InformerFactory>>()));
        services.AddSingleton<NodeFacts>();
        services.AddSingleton<NodeMachine>();
        services.AddSingleton<PodNetwork>();
        services.AddSingleton<PodVolumes>();
        services.AddSingleton<VolumeContents>();
        services.AddSingleton<ServiceAccountTokens>();
        services.AddSingleton<IServiceAccountTokens>(provider => provider.GetRequiredService<ServiceAccountTokens>());
        services.AddSingleton<IReferencedObjects, ReferencedObjects>();
        services.AddSingleton<ImageManager>();
        services.AddSingleton<Prober>();
        services.AddSingleton<StatusWriter>();
        services.AddSingleton<GatewayDrain>();
        services.AddSingleton<PodServices>();
        services.AddSingleton<PodManager>();
        services.AddSingleton<ContainerLogs>();
        services.AddSingleton<PodDialer>();
        services.AddSingleton<PodStreams>();
        services.AddSingleton<TunnelListener>();
        services.AddHostedService<NodeKeeper>();
        services.AddHostedService<LeaseKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<PodManager>());
        return services;
    }

    /// <summary>The services that reach outside.</summary>
    public static IServiceCollection AddOutside(this IServiceCollection services)
    {
        services.AddSingleton(provider => KubeconfigLoader.Load(provider.GetRequiredService<IOptions<NodeAgentOptions>>().Value.Kubeconfig));
        services.AddSingleton(provider => ApiServerSet.From(
            provider.GetRequiredService<Kubeconfig>(), provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<ILogger<ApiServerSet>>()));
        services.AddSingleton<IApiClient>(provider => new RestApiClient(
            provider.GetRequiredService<Kubeconfig>(), "kubelet", provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ApiServerSet>()));
        services.AddSingleton<IContainerRuntime>(provider => new DockerContainerRuntime(
            provider.GetRequiredService<IOptions<NodeAgentOptions>>().Value.DockerEndpoint, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new EventRecorder(
            provider.GetRequiredService<IApiClient>(), "kubelet", provider.GetRequiredService<IOptions<NodeAgentOptions>>().Value.NodeName,
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<EventRecorder>>()));
        services.AddSingleton<IEventRecorder>(provider => provider.GetRequiredService<EventRecorder>());
        services.AddHostedService<EventSender>();
        services.AddHostedService<ApiServerFinder>();
        services.AddHostedService<TunnelKeeper>();
        return services;
    }

    /// <summary>Lets the web server listen on the tunnel, and on a loopback port for health if one is configured.</summary>
    public static void ListenOnTunnel(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_shutdownTimeout);
        builder.Services.AddSingleton<Microsoft.AspNetCore.Connections.IConnectionListenerFactory>(provider => provider.GetRequiredService<TunnelListener>());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // All of a node's streams share the tunnel; one that nobody reads must not hold up the others, nor be cut for being slow.
            kestrel.Limits.Http2.MaxStreamsPerConnection = TunnelLimits.StreamsMax;
            kestrel.Limits.Http2.InitialStreamWindowSize = TunnelLimits.StreamWindowBytes;
            kestrel.Limits.Http2.InitialConnectionWindowSize = TunnelLimits.ConnectionWindowBytes;
            // An API server that is gone without a word is noticed, and connected to again.
            kestrel.Limits.Http2.KeepAlivePingDelay = TunnelLimits.PingDelay;
            kestrel.Limits.Http2.KeepAlivePingTimeout = TunnelLimits.PingTimeout;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(new TunnelEndPoint(), listen => listen.Protocols = HttpProtocols.Http2);
            var port = builder.Configuration.GetValue($"{NodeAgentOptions.SectionName}:{nameof(NodeAgentOptions.HealthPort)}", 0);
            if (port > 0)
            {
                kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
            }
        });
    }

    /// <summary>The paths served: all but health only to the API server, through the tunnel.</summary>
    public static void MapNodeAgent(this WebApplication app)
    {
        app.MapGet("/healthz", () => Results.Text("ok"));
        app.MapGet("/pods", Tunnelled(async context => await NodePods.ListAsync(context, context.RequestServices.GetRequiredService<PodManager>())));
        app.MapGet("/containerLogs/{ns}/{pod}/{container}", Tunnelled(context => context.RequestServices.GetRequiredService<ContainerLogs>().HandleAsync(context)));
        string[] connect = [HttpMethods.Connect];
        app.MapMethods("/exec/{ns}/{pod}/{container}", connect, Tunnelled(context => Streams(context).ExecAsync(context)));
        app.MapMethods("/attach/{ns}/{pod}/{container}", connect, Tunnelled(context => Streams(context).AttachAsync(context)));
        app.MapMethods("/portForward/{ns}/{pod}", connect, Tunnelled(context => Streams(context).PortForwardAsync(context)));
        app.MapMethods("/dial/{ns}/{pod}", connect, Tunnelled(context => Streams(context).DialAsync(context)));
    }

    private static PodStreams Streams(HttpContext context) => context.RequestServices.GetRequiredService<PodStreams>();

    // Everything but health is for the API server alone, which has authorized whoever asks it.
    private static RequestDelegate Tunnelled(RequestDelegate handler) => context =>
    {
        if (context.Features.Get<ITunnelFeature>() is not null)
        {
            return handler(context);
        }

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    };

    /// <summary>Sends the Events.</summary>
    private sealed class EventSender(EventRecorder recorder) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => recorder.RunAsync(stoppingToken);
    }
}
