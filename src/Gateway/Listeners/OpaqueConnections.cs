using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KubeAspire.Gateway.Balancing;
using KubeAspire.Gateway.Http;
using KubeAspire.Gateway.Routing;
using KubeAspire.Gateway.Telemetry;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.Gateway.Listeners;

/// <summary>Connections whose bytes are not looked at: an endpoint each, spliced until they end.</summary>
internal sealed class OpaqueConnections : IDisposable
{
    private readonly RoutingState _state;
    private readonly EndpointBalancer _balancer;
    private readonly FirstRequestTracer _firstRequests;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<TcpSplice, bool> _open = new();
    private readonly ITimer _sweep;

    public OpaqueConnections(RoutingState state, EndpointBalancer balancer, FirstRequestTracer firstRequests, TimeProvider clock)
    {
        (_state, _balancer, _firstRequests, _clock) = (state, balancer, firstRequests, clock);
        _sweep = clock.CreateTimer(static self => ((OpaqueConnections)self!).Sweep(), this, GatewayLimits.IdleSweep, GatewayLimits.IdleSweep);
    }

    /// <summary>Serves a connection to its end.</summary>
    public async Task ServeAsync(Socket client, ServiceDoor door, CancellationToken cancellationToken)
    {
        var started = _clock.GetUtcNow();
        var (socket, endpoint) = await ConnectAsync(client, door, cancellationToken);
        if (socket is null)
        {
            SocketOptions.Reset(client);
            return;
        }

        GatewayInstruments.OnConnection(door.Key, "accepted");
        if (_firstRequests.IsFirst(endpoint))
        {
            _firstRequests.OnServed(door.Key, endpoint, started, default);
        }

        var splice = new TcpSplice(client, socket, _clock);
        _open.TryAdd(splice, true);
        try
        {
            await splice.RunAsync();
        }
        finally
        {
            _open.TryRemove(splice, out _);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var splice in _open.Keys)
        {
            splice.Reset();
        }
    }

    private async Task<(Socket? Socket, ServiceEndpoint Endpoint)> ConnectAsync(Socket client, ServiceDoor door, CancellationToken cancellationToken)
    {
        List<ServiceEndpoint>? tried = null;
        var address = ((IPEndPoint)client.RemoteEndPoint!).Address;
        while (tried is null || tried.Count < GatewayLimits.Attempts)
        {
            if (!_state.Table.Ports.TryGetValue(door.Key, out var route) || _balancer.Pick(route, door.Kind, address, tried) is not { } endpoint)
            {
                break;
            }

            var socket = new Socket(endpoint.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                SocketOptions.ForTraffic(socket);
                using var timeout = new CancellationTokenSource(GatewayLimits.ConnectTimeout, _clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
                await socket.ConnectAsync(endpoint.Address, either.Token);
                return (socket, endpoint);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                if (cancellationToken.IsCancellationRequested)
                {
                    break;
                }

                _balancer.OnFailed(endpoint);
                (tried ??= []).Add(endpoint);
            }
        }

        GatewayInstruments.OnConnection(door.Key, tried is null ? "no_endpoints" : "unreachable");
        return (null, null!);
    }

    private void Sweep()
    {
        foreach (var splice in _open.Keys)
        {
            splice.CloseIfIdle();
        }
    }
}
