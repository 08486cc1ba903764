namespace KubeAspire.StateStore.Redis;

/// <summary>A connection that is made anew when it broke. It never sends a command again by itself.</summary>
internal sealed class RedisClient(RedisAddress address, RedisStateOptions options) : IAsyncDisposable
{
    /// <summary>First wait before a command is tried again.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Longest wait before a command is tried again. 500 ms: a server that is back is found soon.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _connecting = new(1);
    private RespConnection? _connection;
    private bool _disposed;

    /// <summary>Where the server is.</summary>
    public RedisAddress Address => address;

    /// <summary>Sends a command once.</summary>
    /// <exception cref="RedisLostException">Whether it was carried out is not known.</exception>
    /// <exception cref="RedisRefusedException">It was not.</exception>
    public async Task<RespValue> SendAsync(TimeSpan timeout, CancellationToken cancellationToken, params ReadOnlyMemory<byte>[] command)
    {
        var connection = Volatile.Read(ref _connection) is { IsBroken: false } alive ? alive : await ConnectAsync(cancellationToken);
        return await connection.SendAsync(timeout, cancellationToken, command);
    }

    /// <summary>Sends a command that may be carried out twice, until it is answered.</summary>
    public async Task<RespValue> InsistAsync(CancellationToken cancellationToken, params ReadOnlyMemory<byte>[] command)
    {
        var pause = ShortestPause;
        while (true)
        {
            try
            {
                return await SendAsync(options.CommandTimeout, cancellationToken, command);
            }
            catch (RedisLostException) when (!cancellationToken.IsCancellationRequested && !_disposed)
            {
                pause = await PauseAsync(pause, cancellationToken);
            }
        }
    }

    /// <summary>Waits, and answers how long to wait the next time.</summary>
    public async Task<TimeSpan> PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, options.NetworkClock, cancellationToken);
        return pause * 2 < LongestPause ? pause * 2 : LongestPause;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _connecting.WaitAsync();
        _disposed = true;
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        _connecting.Release();
    }

    private async Task<RespConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_connection is { IsBroken: false } alive)
            {
                return alive;
            }

            if (_connection is { } broken)
            {
                await broken.DisposeAsync();
            }

            var connection = await RespConnection.ConnectAsync(address, options.ConnectTimeout, options.NetworkClock, cancellationToken);
            Volatile.Write(ref _connection, connection);
            return connection;
        }
        finally
        {
            _connecting.Release();
        }
    }
}
