namespace KubeAspire.StateStore.Redis;

/// <summary>
/// Lets silos do one after the other what costs them more when they do it at once. It protects nothing: whoever has waited as long as a turn
/// may last goes on without, and a holder that died is waited for no longer than that.
/// </summary>
public sealed class RedisTurn : IAsyncDisposable
{
    /// <summary>How often is asked. 20 ms.</summary>
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);

    /// <summary>How long the end of a turn may take to be told. 1 s.</summary>
    private static readonly TimeSpan s_release = TimeSpan.FromSeconds(1);

    private const string ReleaseScript = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

    private readonly RedisClient _client;
    private readonly ReadOnlyMemory<byte> _key;
    private readonly ReadOnlyMemory<byte> _mine = RespConnection.Word(Guid.NewGuid().ToString("n"));

    private int _disposed;

    private RedisTurn(RedisStateOptions options, string name) =>
        (_client, _key) = (new RedisClient(RedisAddress.Parse(options.ConnectionString), options), RespConnection.Word($"{options.KeyPrefix}:{name}"));

    /// <summary>Waits for the turn; it lasts until this is disposed.</summary>
    /// <param name="options">The cluster's Redis.</param>
    /// <param name="name">What is done in turn.</param>
    /// <param name="longest">How long a turn may last, and so how long is waited.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RedisTurn> TakeAsync(RedisStateOptions options, string name, TimeSpan longest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var turn = new RedisTurn(options, name);
        try
        {
            var clock = options.NetworkClock;
            for (var began = clock.GetTimestamp(); !await turn.TryTakeAsync(longest, cancellationToken) && clock.GetElapsedTime(began) < longest;)
            {
                await Task.Delay(s_interval, clock, cancellationToken);
            }

            return turn;
        }
        catch
        {
            await turn._client.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        try
        {
            await _client.SendAsync(s_release, CancellationToken.None, RespConnection.Word("EVAL"), RespConnection.Word(ReleaseScript), RespConnection.Word("1"), _key, _mine);
        }
        catch (Exception lost) when (lost is RedisLostException or RedisRefusedException)
        {
            // The turn ends by itself.
        }

        await _client.DisposeAsync();
    }

    private async Task<bool> TryTakeAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var answer = await _client.InsistAsync(
            cancellationToken, RespConnection.Word("SET"), _key, _mine, RespConnection.Word("NX"), RespConnection.Word("PX"), RespConnection.Word((long)longest.TotalMilliseconds));
        return !answer.IsNull;
    }
}
