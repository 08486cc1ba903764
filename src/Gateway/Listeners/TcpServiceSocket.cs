using System.Net;
using System.Net.Sockets;
using KubeAspire.Gateway.Http;
using KubeAspire.Gateway.Routing;
using KubeAspire.Gateway.Telemetry;
using KubeAspire.ServiceProxy.Services;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Gateway.Listeners;

/// <summary>Accepts the connections of one address of a service port.</summary>
internal sealed class TcpServiceSocket : IServiceSocket
{
    private readonly ServiceDoor _door;
    private readonly RoutingState _state;
    private readonly OpaqueConnections _opaque;
    private readonly ServiceConnections _http;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _accepting;
    private int _open;

    /// <summary>Binds and begins to accept.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public TcpServiceSocket(ServiceListener listener, RoutingState state, OpaqueConnections opaque, ServiceConnections http, TimeProvider clock, ILogger logger)
    {
        (_door, _state, _opaque, _http, _clock, _logger) = (new ServiceDoor(listener.Key, listener.Kind), state, opaque, http, clock, logger);
        _socket = new Socket(listener.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Connections of an earlier process in TIME_WAIT do not hold the address.
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _socket.Bind(listener.Address);
            _socket.Listen(GatewayLimits.Backlog);
        }
        catch (SocketException)
        {
            _socket.Dispose();
            throw;
        }

        Address = (IPEndPoint)_socket.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public IPEndPoint Address { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _socket.Dispose();
        await _accepting;
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var client = await _socket.AcceptAsync(_closing.Token);
                if (Interlocked.Increment(ref _open) > GatewayLimits.ConnectionsPerListener)
                {
                    Interlocked.Decrement(ref _open);
                    GatewayInstruments.OnConnection(_door.Key, "over_limit");
                    SocketOptions.Reset(client);
                    continue;
                }

                _ = ServeAsync(client);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                // A client that gave up while waiting; or no more file descriptors, which only time can mend.
                _logger.AcceptFailed(Address, exception.SocketErrorCode);
                await Task.Delay(GatewayLimits.AcceptRetry, _clock);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        GatewayInstruments.OnConnectionOpened(_door.Key);
        try
        {
            SocketOptions.ForTraffic(client);

            // Looked up for each connection: a Service may turn its port from bytes to HTTP and back while this listens.
            var http = _state.Table.Ports.TryGetValue(_door.Key, out var route) && route.App != AppProtocol.Opaque;
            await (http ? _http.ServeAsync(client, _door, CancellationToken.None) : _opaque.ServeAsync(client, _door, CancellationToken.None));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            _logger.ConnectionFailed(_door.Key, exception.Message);
            client.Dispose();
        }
        finally
        {
            GatewayInstruments.OnConnectionClosed(_door.Key);
            Interlocked.Decrement(ref _open);
        }
    }
}
