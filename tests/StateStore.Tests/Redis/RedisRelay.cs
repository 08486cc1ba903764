using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KubeAspire.StateStore.Tests.Redis;

/// <summary>What happens to the next append.</summary>
public enum RelayFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The command arrives, and its answer does not.</summary>
    AnswerLost,

    /// <summary>The command does not arrive.</summary>
    CommandLost,
}

/// <summary>Stands between a silo and Redis, and breaks the connection where it is told to.</summary>
internal sealed class RedisRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _target;
    private readonly Task _accepting;
    private readonly List<TcpClient> _open = [];
    private volatile bool _closed;
    private int _next;

    public RedisRelay(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>What happens to the next append; none once it has happened.</summary>
    public RelayFault Next
    {
        get => (RelayFault)Volatile.Read(ref _next);
        set => Volatile.Write(ref _next, (int)value);
    }

    /// <summary>Whether nothing passes: connections are cut, and new ones too.</summary>
    public bool Closed
    {
        get => _closed;
        set
        {
            _closed = value;
            lock (_open)
            {
                foreach (var connection in _open.Where(_ => value))
                {
                    connection.Dispose();
                }
            }
        }
    }

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Closed = true;
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = RelayAsync(client);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            lock (_open)
            {
                _open.Add(client);
                _open.Add(server);
            }

            try
            {
                if (_closed)
                {
                    return;
                }

                await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
                using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                await Task.WhenAny(UpAsync(client.GetStream(), server.GetStream(), cut), server.GetStream().CopyToAsync(client.GetStream(), cut.Token));
                await cut.CancelAsync();
            }
            catch (Exception ended) when (ended is IOException or OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // Cut.
            }
        }
    }

    private async Task UpAsync(NetworkStream from, NetworkStream to, CancellationTokenSource cut)
    {
        var buffer = new byte[64 << 10];
        int count;
        while ((count = await from.ReadAsync(buffer, cut.Token)) > 0)
        {
            var append = buffer.AsSpan(0, count).IndexOf("XADD"u8) >= 0;
            var fault = append ? (RelayFault)Interlocked.Exchange(ref _next, 0) : RelayFault.None;
            if (fault == RelayFault.CommandLost)
            {
                return;
            }

            if (fault == RelayFault.AnswerLost)
            {
                // The way back first, then the command.
                using var other = new TcpClient();
                await other.ConnectAsync(IPAddress.Loopback, _target, cut.Token);
                await other.GetStream().WriteAsync(buffer.AsMemory(0, count), cut.Token);
                await other.GetStream().ReadExactlyAsync(new byte[1], cut.Token);
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, count), cut.Token);
        }
    }
}
