using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.Client.Rest;
using KubeAspire.Dns.Server;
using KubeAspire.Gateway.Balancing;
using KubeAspire.Gateway.Http;
using KubeAspire.Gateway.Ingresses;
using KubeAspire.Gateway.Leases;
using KubeAspire.Gateway.Listeners;
using KubeAspire.Gateway.Naming;
using KubeAspire.Gateway.Network;
using KubeAspire.Gateway.Routing;
using KubeAspire.Gateway.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway;

/// <summary>Puts the gateway together.</summary>
internal static class GatewayHost
{
    /// <summary>Everything but what a test replaces: the API client, the clock, the service network.</summary>
    public static WebApplicationBuilder AddGateway(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.SectionName).ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IServiceNetwork, NetlinkServiceNetwork>();
        services.TryAddSingleton(provider => KubeconfigLoader.Load(provider.GetRequiredService<IOptions<GatewayOptions>>().Value.Kubeconfig));
        services.TryAddSingleton(provider => ApiServerSet.From(
            provider.GetRequiredService<Kubeconfig>(), provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<ILogger<ApiServerSet>>()));
        services.TryAddSingleton<IApiClient>(provider => new RestApiClient(
            provider.GetRequiredService<Kubeconfig>(), "kubeaspire-gateway", provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ApiServerSet>()));
        services.AddSingleton<IInformerFactory>(provider => new InformerFactory(
            provider.GetRequiredService<IApiClient>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<InformerFactory>>()));

        services.AddSingleton<RoutingState>();
        services.AddSingleton<EndpointBalancer>();
        services.AddSingleton<OpaqueConnections>();
        services.AddSingleton<ServiceConnections>();
        services.AddSingleton<IConnectionListenerFactory>(provider => provider.GetRequiredService<ServiceConnections>());
        services.AddSingleton<ServiceForwarder>();
        services.AddSingleton<GatewayRequestHandler>();
        services.AddSingleton(provider => new DnsResolver(DnsOptions(provider.GetRequiredService<IOptions<GatewayOptions>>().Value), provider.GetRequiredService<TimeProvider>()));
        services.AddHttpForwarder();

        AddObserver<CertificateStore>(services);
        AddObserver<ListenerSet>(services);
        AddObserver<GatewayLease>(services); // After the listeners: its revision says that all is done.
        AddObserver<DnsHost>(services);
        AddObserver<IngressStatusReporter>(services);
        services.AddSingleton<FirstRequestTracer>();
        services.AddSingleton<ServiceNetworkHolder>();
        services.AddSingleton<RouteWatcher>();

        // Started in this order, stopped in the reverse: the network stays until all sockets are closed.
        services.AddHostedService(provider => provider.GetRequiredService<ServiceNetworkHolder>());
        services.AddHostedService(provider => provider.GetRequiredService<FirstRequestTracer>());
        services.AddHostedService(provider => provider.GetRequiredService<GatewayLease>());
        services.AddHostedService(provider => provider.GetRequiredService<IngressStatusReporter>());
        services.AddHostedService<IngressClassInstaller>();
        services.AddHostedService(provider => provider.GetRequiredService<ListenerSet>());
        services.AddHostedService(provider => provider.GetRequiredService<RouteWatcher>());
        services.Configure<HostOptions>(options => options.ShutdownTimeout = GatewayLimits.Drain);

        builder.WebHost.UseKestrelHttpsConfiguration();
        services.AddOptions<KestrelServerOptions>().Configure<IServiceProvider>(ConfigureKestrel);
        return builder;
    }

    /// <summary>The pipeline: one handler.</summary>
    public static WebApplication UseGateway(this WebApplication app)
    {
        var handler = app.Services.GetRequiredService<GatewayRequestHandler>();
        app.Run(handler.HandleAsync);
        return app;
    }

    private static void AddObserver<T>(IServiceCollection services)
        where T : class, IRoutesObserver
    {
        services.AddSingleton<T>();
        services.AddSingleton<IRoutesObserver>(provider => provider.GetRequiredService<T>());
    }

    private static DnsServerOptions DnsOptions(GatewayOptions options)
    {
        var own = GatewayOptions.Split(options.DnsListen).Select(IPEndPoint.Parse).ToList();
        return new DnsServerOptions
        {
            Listen = own,
            Upstreams = File.Exists(options.ResolvConf)
                ? [.. ResolvConf.Upstreams(File.ReadAllText(options.ResolvConf), own).Where(upstream => !IPNetwork.Parse(options.ServiceCidr).Contains(upstream.Address))]
                : [],
        };
    }

    private static void ConfigureKestrel(KestrelServerOptions kestrel, IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<GatewayOptions>>().Value;
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxRequestLineSize = GatewayLimits.RequestLine;
        kestrel.Limits.MaxRequestHeadersTotalSize = GatewayLimits.HeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = GatewayLimits.Headers;
        kestrel.Limits.MaxRequestBodySize = options.MaxIngressBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = GatewayLimits.HeaderTimeout;
        kestrel.Limits.KeepAliveTimeout = GatewayLimits.KeepAlive;
        kestrel.Limits.MaxConcurrentConnections = GatewayLimits.HttpConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = GatewayLimits.HttpConnections;
        kestrel.Limits.Http2.MaxStreamsPerConnection = GatewayLimits.Http2Streams;

        kestrel.Listen(ServiceEndPoint.Http1, listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.Listen(ServiceEndPoint.Http2, listen => listen.Protocols = HttpProtocols.Http2);
        if (options.HttpPort != 0)
        {
            kestrel.ListenAnyIP(options.HttpPort, listen => listen.Protocols = HttpProtocols.Http1);
        }

        if (options.HttpsPort != 0)
        {
            var certificates = services.GetRequiredService<CertificateStore>();
            kestrel.ListenAnyIP(options.HttpsPort, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = GatewayLimits.HeaderTimeout,
                OnConnection = handshake => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = certificates.Select(handshake.ClientHelloInfo.ServerName),
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                    ClientCertificateRequired = false,
                }),
            }));
        }

        if (options.HealthPort != 0)
        {
            kestrel.ListenLocalhost(options.HealthPort, listen => listen.Protocols = HttpProtocols.Http1);
        }
    }
}
