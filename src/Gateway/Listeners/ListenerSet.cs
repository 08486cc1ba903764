using System.Net;
using System.Net.Sockets;
using KubeAspire.Gateway.Balancing;
using KubeAspire.Gateway.Http;
using KubeAspire.Gateway.Naming;
using KubeAspire.Gateway.Network;
using KubeAspire.Gateway.Routing;
using KubeAspire.Gateway.Telemetry;
using KubeAspire.ServiceProxy;
using KubeAspire.ServiceProxy.Services;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway.Listeners;

/// <summary>The open sockets of all service ports. Follows the table by difference: what stays is not touched.</summary>
internal sealed class ListenerSet : IRoutesObserver, IHostedLifecycleService, IAsyncDisposable
{
    private readonly RoutingState _state;
    private readonly EndpointBalancer _balancer;
    private readonly OpaqueConnections _opaque;
    private readonly ServiceConnections _http;
    private readonly FirstRequestTracer _firstRequests;
    private readonly ServiceNetworkHolder _network;
    private readonly TimeProvider _clock;
    private readonly ILogger<ListenerSet> _logger;
    private readonly IPNetwork _serviceNetwork;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<ServiceListener, IServiceSocket> _open = [];
    private readonly HashSet<ServiceListener> _failed = [];
    private readonly ITimer _retry;
    private bool _closed;

    public ListenerSet(
        RoutingState state,
        EndpointBalancer balancer,
        OpaqueConnections opaque,
        ServiceConnections http,
        FirstRequestTracer firstRequests,
        ServiceNetworkHolder network,
        IOptions<GatewayOptions> options,
        TimeProvider clock,
        ILogger<ListenerSet> logger)
    {
        (_state, _balancer, _opaque, _http, _firstRequests, _network, _clock, _logger) = (state, balancer, opaque, http, firstRequests, network, clock, logger);
        _serviceNetwork = IPNetwork.Parse(options.Value.ServiceCidr);
        _retry = clock.CreateTimer(static self => _ = ((ListenerSet)self!).RetryAsync(), this, GatewayLimits.BindRetry, GatewayLimits.BindRetry);
    }

    /// <summary>The open listeners and where they listen.</summary>
    public IReadOnlyDictionary<ServiceListener, IServiceSocket> Open => _open;

    /// <inheritdoc/>
    public async Task OnRoutesSwappedAsync(RoutingTable table, CancellationToken cancellationToken)
    {
        _balancer.Retain(table);
        _firstRequests.Retain(table);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var wanted = _closed ? [] : table.Listeners.Where(IsServedHere).ToHashSet();
            foreach (var gone in _open.Keys.Where(listener => !wanted.Contains(listener)).ToList())
            {
                await _open[gone].DisposeAsync();
                _open.Remove(gone);
                _logger.ListenerClosed(gone.Protocol, gone.Address, gone.Key);
            }

            _failed.IntersectWith(wanted);
            foreach (var listener in wanted.Where(listener => !_open.ContainsKey(listener)))
            {
                TryOpen(listener);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Closes the doors before anything else stops: what is in flight has the time of the stop to end.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        _closed = true;
        foreach (var socket in _open.Values)
        {
            await socket.DisposeAsync();
        }

        _open.Clear();
        _failed.Clear();
        _turn.Release();
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _retry.DisposeAsync();
        await StoppingAsync(CancellationToken.None);
    }

    // Any other address of the machine is not a Service's to take.
    private bool IsServedHere(ServiceListener listener) =>
        listener.Kind == ListenerKind.NodePort
        || (_network.IsServed && _serviceNetwork.Contains(listener.Address.Address) && !DnsHost.IsOwn(listener.Key));

    private void TryOpen(ServiceListener listener)
    {
        try
        {
            _open.Add(listener, listener.Protocol == ServiceProtocol.Tcp
                ? new TcpServiceSocket(listener, _state, _opaque, _http, _clock, _logger)
                : new UdpServiceSocket(listener, _state, _balancer, _clock, _logger));
            _failed.Remove(listener);
            _logger.ListenerOpened(listener.Protocol, listener.Address, listener.Key);
        }
        catch (SocketException exception)
        {
            if (_failed.Add(listener))
            {
                _logger.ListenerFailed(listener.Protocol, listener.Address, listener.Key, exception.SocketErrorCode);
            }
        }
    }

    private async Task RetryAsync()
    {
        if (!await _turn.WaitAsync(TimeSpan.Zero))
        {
            return;
        }

        try
        {
            foreach (var listener in _failed.ToList())
            {
                TryOpen(listener);
            }
        }
        finally
        {
            _turn.Release();
        }
    }
}
