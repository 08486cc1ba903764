using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KubeAspire.Gateway.Balancing;
using KubeAspire.Gateway.Routing;
using KubeAspire.Gateway.Telemetry;
using KubeAspire.ServiceProxy;
using KubeAspire.ServiceProxy.Services;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Gateway.Listeners;

/// <summary>Passes the datagrams of one address of a service port: each client has an endpoint and a socket towards it until it is silent for long.</summary>
internal sealed class UdpServiceSocket : IServiceSocket
{
    private readonly ServiceListener _listener;
    private readonly RoutingState _state;
    private readonly EndpointBalancer _balancer;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<IPEndPoint, Session> _sessions = new();
    private readonly ITimer _sweep;
    private readonly Task _receiving;

    /// <summary>Binds and begins to receive.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public UdpServiceSocket(ServiceListener listener, RoutingState state, EndpointBalancer balancer, TimeProvider clock, ILogger logger)
    {
        (_listener, _state, _balancer, _clock, _logger) = (listener, state, balancer, clock, logger);
        _socket = new Socket(listener.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _socket.Bind(listener.Address);
        }
        catch (SocketException)
        {
            _socket.Dispose();
            throw;
        }

        Address = (IPEndPoint)_socket.LocalEndPoint!;
        _sweep = clock.CreateTimer(static self => ((UdpServiceSocket)self!).Sweep(), this, GatewayLimits.IdleSweep, GatewayLimits.IdleSweep);
        _receiving = ReceiveAsync();
    }

    /// <inheritdoc/>
    public IPEndPoint Address { get; }

    /// <summary>Clients that are remembered now.</summary>
    public int SessionCount => _sessions.Count;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _sweep.DisposeAsync();
        _socket.Dispose();
        await _receiving;
        foreach (var client in _sessions.Keys)
        {
            Close(client);
        }

        _closing.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[GatewayLimits.Datagram];
        var any = new IPEndPoint(IPAddress.Any, 0);
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any, _closing.Token);
                if (SessionOf((IPEndPoint)received.RemoteEndPoint) is { } session)
                {
                    await session.Socket.SendAsync(buffer.AsMemory(0, received.ReceivedBytes), SocketFlags.None, _closing.Token);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException && _closing.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // A datagram may be lost: the endpoint is gone, or an earlier answer's client is.
                _logger.ConnectionFailed(_listener.Key, exception.Message);
            }
        }
    }

    private Session? SessionOf(IPEndPoint client)
    {
        var table = _state.Table;
        if (_sessions.TryGetValue(client, out var session))
        {
            if (ReferenceEquals(session.Table, table) || IsStillUsable(session, table))
            {
                session.Table = table;
                session.LastUsed = _clock.GetTimestamp();
                return session;
            }

            Close(client);
        }

        if (!table.Ports.TryGetValue(_listener.Key, out var route) || _balancer.Pick(route, _listener.Kind, client.Address) is not { } endpoint)
        {
            GatewayInstruments.OnConnection(_listener.Key, "no_endpoints");
            return null;
        }

        if (_sessions.Count >= GatewayLimits.UdpSessions)
        {
            Close(_sessions.MinBy(pair => pair.Value.LastUsed).Key);
        }

        var socket = new Socket(endpoint.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(endpoint.Address); // Datagrams of others do not reach the client, and nothing is sent by this call.
        session = new Session(socket, endpoint, table) { LastUsed = _clock.GetTimestamp() };
        _sessions[client] = session;
        GatewayInstruments.OnConnection(_listener.Key, "accepted");
        GatewayInstruments.OnConnectionOpened(_listener.Key);
        _ = ReturnAsync(client, session);
        return session;
    }

    private bool IsStillUsable(Session session, RoutingTable table) =>
        table.Ports.TryGetValue(_listener.Key, out var route)
        && (_listener.Kind == ListenerKind.ClusterIP ? route.Internal : route.External).Any(endpoint => endpoint.Address.Equals(session.Endpoint.Address));

    private async Task ReturnAsync(IPEndPoint client, Session session)
    {
        var buffer = new byte[GatewayLimits.Datagram];
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var received = await session.Socket.ReceiveAsync(buffer, SocketFlags.None, _closing.Token);
                session.LastUsed = _clock.GetTimestamp();
                await _socket.SendToAsync(buffer.AsMemory(0, received), SocketFlags.None, client, _closing.Token);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // Nobody listens there (ICMP): the client's next datagram goes elsewhere.
                _balancer.OnFailed(session.Endpoint);
                Close(client);
                return;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Close(IPEndPoint client)
    {
        if (_sessions.TryRemove(client, out var session))
        {
            session.Socket.Dispose();
            GatewayInstruments.OnConnectionClosed(_listener.Key);
        }
    }

    private void Sweep()
    {
        foreach (var (client, session) in _sessions)
        {
            if (_clock.GetElapsedTime(session.LastUsed) > GatewayLimits.UdpIdle)
            {
                Close(client);
            }
        }
    }

    private sealed class Session(Socket socket, ServiceEndpoint endpoint, RoutingTable table)
    {
        public Socket Socket { get; } = socket;

        public ServiceEndpoint Endpoint { get; } = endpoint;

        public RoutingTable Table { get; set; } = table;

        public long LastUsed { get; set; }
    }
}
