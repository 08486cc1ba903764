using System.Threading.Channels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.Dns.Records;
using KubeAspire.Dns.Server;
using KubeAspire.Gateway.Telemetry;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.Resources.Networking;
using KubeAspire.ServiceProxy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway.Routing;

/// <summary>Watches what routes are made of, builds them when it changes and swaps them in. While the control plane is away the last routes stay.</summary>
internal sealed class RouteWatcher : BackgroundService
{
    private readonly IInformerFactory _informers;
    private readonly IInformer<Service> _services;
    private readonly IInformer<EndpointSlice> _slices;
    private readonly IInformer<Ingress> _ingresses;
    private readonly IInformer<IngressClass> _classes;
    private readonly IInformer<Secret> _secrets;
    private readonly RoutingState _state;
    private readonly DnsResolver _dns;
    private readonly IEnumerable<IRoutesObserver> _observers;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<RouteWatcher> _logger;
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HashSet<DroppedRoute> _reported = [];
    private long _seenRevision;

    public RouteWatcher(
        IInformerFactory informers,
        RoutingState state,
        DnsResolver dns,
        IEnumerable<IRoutesObserver> observers,
        IOptions<GatewayOptions> options,
        TimeProvider clock,
        ILogger<RouteWatcher> logger)
    {
        (_informers, _state, _dns, _observers, _options, _clock, _logger) = (informers, state, dns, observers, options.Value, clock, logger);
        _services = informers.For<Service>();
        _slices = informers.For<EndpointSlice>();
        _ingresses = informers.For<Ingress>();
        _classes = informers.For<IngressClass>();
        _secrets = informers.For<Secret>("type=kubernetes.io/tls");
        _services.AddHandler((_, _) => Wake());
        _slices.AddHandler(OnSliceChanged);
        _ingresses.AddHandler((_, _) => Wake());
        _classes.AddHandler((_, _) => Wake());
        _secrets.AddHandler((_, _) => Wake());
    }

    /// <summary>Done once the first routes are in use.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Asks for the routes to be built (again).</summary>
    public void Wake() => _changed.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _informers.Start(stoppingToken);
        await _informers.WhenSyncedAsync(stoppingToken);
        Wake();
        await foreach (var _ in _changed.Reader.ReadAllAsync(stoppingToken))
        {
            if (_ready.Task.IsCompleted)
            {
                await Task.Delay(GatewayLimits.RebuildDelay, _clock, stoppingToken);
                _changed.Reader.TryRead(out var _);
            }

            await RebuildAsync(stoppingToken);
            _ready.TrySetResult();
        }
    }

    private void OnSliceChanged(EndpointSlice? old, EndpointSlice? current)
    {
        // A deleted slice still counts: that its endpoints are gone is what is waited for.
        var revision = RoutingTableBuilder.ResourceVersionOf((current ?? old)!);
        if (revision > Interlocked.Read(ref _seenRevision))
        {
            Interlocked.Exchange(ref _seenRevision, revision);
        }

        Wake();
    }

    private async Task RebuildAsync(CancellationToken cancellationToken)
    {
        // Read before the snapshot: what the snapshot shows is at least as new.
        var revision = Interlocked.Read(ref _seenRevision);
        var started = _clock.GetTimestamp();
        RoutingTable table;
        try
        {
            var input = new RoutingInput
            {
                Services = _services.List(),
                EndpointSlices = _slices.List(),
                Ingresses = _ingresses.List(),
                IngressClasses = _classes.List(),
                Secrets = _secrets.List(),
            };
            table = RoutingTableBuilder.Build(input, _options.ToRoutingOptions());
            _dns.Zone = ClusterZoneBuilder.Build(input.Services, input.EndpointSlices, new ClusterZoneOptions
            {
                Domain = _options.ClusterDomain,
                Networks = [System.Net.IPNetwork.Parse(_options.ServiceCidr), System.Net.IPNetwork.Parse(_options.PodCidr)],
            });
        }
#pragma warning disable CA1031 // Whatever an object made the builder stumble over, traffic goes on with the last routes.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _logger.BuildFailed(exception);
            return;
        }

        _state.Swap(table, revision);
        GatewayInstruments.OnRebuilt(_clock.GetElapsedTime(started));
        _logger.RoutesSwapped(table.Ports.Count, table.Ingress.Served.Length, revision);
        Report(table);
        foreach (var observer in _observers)
        {
            try
            {
                await observer.OnRoutesSwappedAsync(table, cancellationToken);
            }
#pragma warning disable CA1031 // One part that fails must not keep the routes from the others, nor end the gateway.
            catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
            {
                _logger.ObserverFailed(observer.GetType().Name, exception);
            }
        }
    }

    private void Report(RoutingTable table)
    {
        var dropped = table.Dropped.ToHashSet();
        foreach (var route in dropped.Where(route => !_reported.Contains(route)))
        {
            _logger.RouteDropped(route.Kind, route.Key, route.Reason, route.Detail);
        }

        _reported = dropped;
    }
}
