using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Gateway.Listeners;
using KubeAspire.Gateway.Network;
using KubeAspire.Gateway.Routing;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.Resources.Networking;
using KubeAspire.ServiceProxy;
using KubeAspire.ServiceProxy.Services;
using KubeAspire.Testing.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using EndpointPort = KubeAspire.Resources.Discovery.EndpointPort;
using IPAddress = System.Net.IPAddress;

namespace KubeAspire.Gateway.Tests;

/// <summary>
/// A whole gateway on loopback over an API in memory. ClusterIPs lie in 127.96.0.0/12, which every Linux machine owns: no route and no root are needed.
/// </summary>
internal sealed class GatewayFixture : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Swaps _swaps;

    private GatewayFixture(WebApplication app, FakeApiClient api, Swaps swaps, int httpPort, int httpsPort) =>
        (_app, Api, _swaps, HttpPort, HttpsPort) = (app, api, swaps, httpPort, httpsPort);

    public FakeApiClient Api { get; }

    public int HttpPort { get; }

    public int HttpsPort { get; }

    public ListenerSet Listeners => _app.Services.GetRequiredService<ListenerSet>();

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<GatewayFixture> StartAsync(Action<FakeApiClient>? seed = null, Action<Dictionary<string, string?>>? configure = null)
    {
        var api = new FakeApiClient(TimeProvider.System);
        api.Seed(new IngressClass { Metadata = new ObjectMeta { Name = "kubeaspire" }, Spec = new IngressClassSpec { Controller = "kubeaspire.dev/gateway" } });
        seed?.Invoke(api);
        var swaps = new Swaps();
        var (http, https) = (FreePort(), FreePort());
        var settings = new Dictionary<string, string?>
        {
            ["Gateway:Name"] = "test",
            ["Gateway:Kubeconfig"] = "unused",
            ["Gateway:HttpPort"] = http.ToString(),
            ["Gateway:HttpsPort"] = https.ToString(),
            ["Gateway:ServiceCidr"] = "127.96.0.0/12",
            ["Gateway:AdvertiseAddress"] = "192.0.2.10",
            ["Gateway:AllowLoopbackEndpoints"] = "true",
        };
        configure?.Invoke(settings);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddSingleton<IApiClient>(api);
        builder.Services.AddSingleton<IServiceNetwork, LoopbackNetwork>();
        builder.AddGateway();
        builder.Services.AddSingleton<IRoutesObserver>(swaps); // The last observer: all others have done their work.
        var app = builder.Build().UseGateway();
        await app.StartAsync();
        var fixture = new GatewayFixture(app, api, swaps, http, https);
        await fixture.WhenAsync(_ => true);
        return fixture;
    }

    /// <summary>Waits until routes that match are in use and the listeners follow them.</summary>
    public Task WhenAsync(Predicate<RoutingTable> matches) => _swaps.WhenAsync(matches).WaitAsync(TimeSpan.FromSeconds(10));

    /// <summary>Waits until a service port has so many endpoints.</summary>
    public Task WhenEndpointsAsync(string service, int count) =>
        WhenAsync(table => table.Ports.Values.Any(route => route.Key.Service == service && route.Internal.Length == count));

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Any, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    public static Service Service(string name, string clusterIP, params ServicePort[] ports) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Spec = new ServiceSpec { Type = "ClusterIP", ClusterIP = clusterIP, Ports = ports },
    };

    /// <summary>One slice an endpoint, because in a test each pod has a port of its own.</summary>
    public static EndpointSlice Slice(string service, string pod, int port, string? portName = null, bool ready = true, string protocol = "TCP") => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"{service}-{pod}",
            Namespace = "default",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service },
        },
        AddressType = "IPv4",
        Ports = [new EndpointPort { Name = portName, Port = port, Protocol = protocol }],
        Endpoints =
        [
            new Endpoint
            {
                Addresses = ["127.0.0.1"],
                Conditions = new EndpointConditions { Ready = ready, Serving = ready, Terminating = !ready },
                TargetRef = new ObjectReference { Kind = "Pod", Namespace = "default", Name = pod, Uid = $"uid-{pod}" },
            },
        ],
    };

    private sealed class LoopbackNetwork : IServiceNetwork
    {
        public string? Add(IPNetwork network) => null;

        public string? Remove(IPNetwork network) => null;
    }

    private sealed class Swaps : IRoutesObserver
    {
        private readonly Lock _gate = new();
        private readonly List<(Predicate<RoutingTable> Matches, TaskCompletionSource Done)> _waiting = [];
        private RoutingTable? _last;

        public Task OnRoutesSwappedAsync(RoutingTable table, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                _last = table;
                foreach (var waiting in _waiting.Where(waiting => waiting.Matches(table)).ToList())
                {
                    waiting.Done.TrySetResult();
                    _waiting.Remove(waiting);
                }
            }

            return Task.CompletedTask;
        }

        public Task WhenAsync(Predicate<RoutingTable> matches)
        {
            lock (_gate)
            {
                if (_last is not null && matches(_last))
                {
                    return Task.CompletedTask;
                }

                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add((matches, done));
                return done.Task;
            }
        }
    }
}
