using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Dns.Server;

/// <summary>Listens on UDP and TCP. Names of the cluster are answered in the receiving loop; what needs another server does not hold it up.</summary>
public sealed class DnsServer(DnsResolver resolver, IReadOnlyList<IPEndPoint> listen, TimeProvider clock, ILogger<DnsServer> logger) : IAsyncDisposable
{
    /// <summary>Ports that are tried where any will do. 16.</summary>
    private const int MostPorts = 16;

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _loops = [];
    private int _connections;

    /// <summary>The addresses that are bound; ports are filled in where 0 was asked for.</summary>
    public IReadOnlyList<IPEndPoint> Addresses { get; private set; } = [];

    /// <summary>Binds and starts.</summary>
    /// <exception cref="SocketException">An address cannot be bound; nothing stays bound then.</exception>
    public void Start()
    {
        var addresses = new List<IPEndPoint>();
        try
        {
            foreach (var address in listen)
            {
                addresses.Add(BindBoth(address));
            }
        }
        catch (SocketException)
        {
            _sockets.ForEach(socket => socket.Dispose());
            _sockets.Clear();
            throw;
        }

        Addresses = addresses;
        foreach (var socket in _sockets)
        {
            _loops.Add(socket.SocketType == SocketType.Dgram ? ServeUdpAsync(socket) : ServeTcpAsync(socket));
        }

        logger.Listening(string.Join(", ", addresses));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _sockets.ForEach(socket => socket.Dispose());
        await Task.WhenAll(_loops);
        _stopping.Dispose();
    }

    // Both on one port. What the system gives for any port is free for UDP; for TCP it may be another's, and then there are more to be had.
    private IPEndPoint BindBoth(IPEndPoint address)
    {
        for (var attempt = 1; ; attempt++)
        {
            var udp = Bind(address, SocketType.Dgram, ProtocolType.Udp);
            var bound = (IPEndPoint)udp.LocalEndPoint!;
            try
            {
                Bind(bound, SocketType.Stream, ProtocolType.Tcp).Listen(DnsServerLimits.TcpConnections);
                return bound;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse && address.Port == 0 && attempt < MostPorts)
            {
                foreach (var socket in _sockets[^2..])
                {
                    socket.Dispose();
                }

                _sockets.RemoveRange(_sockets.Count - 2, 2);
            }
        }
    }

    private Socket Bind(IPEndPoint address, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(address.AddressFamily, type, protocol);
        _sockets.Add(socket);
        if (type == SocketType.Stream)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        }

        socket.Bind(address);
        return socket;
    }

    private async Task ServeUdpAsync(Socket socket)
    {
        var buffer = new byte[DnsServerLimits.CacheEntrySize];
        var from = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, from, _stopping.Token);
                var client = (IPEndPoint)received.RemoteEndPoint;
                var answer = resolver.AnswerAsync(buffer.AsMemory(0, received.ReceivedBytes).ToArray(), client.Address, tcp: false, _stopping.Token);
                if (answer.IsCompletedSuccessfully)
                {
                    await SendAsync(socket, answer.Result, client);
                }
                else
                {
                    _ = SendLaterAsync(socket, answer, client); // Bounded by DnsServerLimits.InFlight in the resolver.
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An earlier answer was refused by its client (ICMP): that is told to the next call.
            }
        }
    }

    private async Task SendLaterAsync(Socket socket, ValueTask<byte[]?> answer, IPEndPoint client)
    {
        try
        {
            await SendAsync(socket, await answer, client);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The client is gone, or the server stops.
        }
    }

    private async Task SendAsync(Socket socket, byte[]? answer, IPEndPoint client)
    {
        if (answer is not null)
        {
            await socket.SendToAsync(answer, SocketFlags.None, client, _stopping.Token);
        }
    }

    private async Task ServeTcpAsync(Socket listener)
    {
        var open = new HashSet<Task>();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptAsync(_stopping.Token);
                open.RemoveWhere(task => task.IsCompleted);
                if (Interlocked.Increment(ref _connections) > DnsServerLimits.TcpConnections)
                {
                    Interlocked.Decrement(ref _connections);
                    client.Dispose();
                    continue;
                }

                open.Add(ServeConnectionAsync(client));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                break;
            }
            catch (SocketException exception)
            {
                logger.AcceptFailed(exception.SocketErrorCode);
                await Task.Delay(DnsServerLimits.AcceptRetry, clock);
            }
        }

        await Task.WhenAll(open);
    }

    private async Task ServeConnectionAsync(Socket client)
    {
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            client.NoDelay = true;
            var address = ((IPEndPoint)client.RemoteEndPoint!).Address;
            while (true)
            {
                using var idle = new CancellationTokenSource(DnsServerLimits.TcpIdle, clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, _stopping.Token);
                if (await DnsTcp.ReadAsync(stream, either.Token) is not { } message
                    || await resolver.AnswerAsync(message, address, tcp: true, _stopping.Token) is not { } answer)
                {
                    return;
                }

                await DnsTcp.WriteAsync(stream, answer, either.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, or was silent for too long.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }
}
