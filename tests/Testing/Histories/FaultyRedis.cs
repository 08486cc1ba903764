using KubeAspire.StateStore;
using KubeAspire.StateStore.Redis;
using KubeAspire.Testing.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Testing.Histories;

/// <summary>Three silos of this process that share a Redis to which something may happen again and again while clients use them.</summary>
/// <remarks>The seed decides what happens to Redis and when, whether one silo owns the store or each thinks that it does, and whether snapshots press.</remarks>
public sealed class FaultyRedis : IAsyncDisposable
{
    private const int Silos = 3;
    private const int Faults = 4;
    private const int PressingSnapshotBytes = 16 * 1024;

    private readonly List<RedisStateEngine> _silos = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly RedisServer _server;
    private readonly Random _random;
    private int _asked;

    private FaultyRedis(RedisServer server, int seed) => (_server, _random) = (server, new Random(seed));

    /// <summary>What a silo found so wrong that it stopped.</summary>
    public List<string> Stops { get; } = [];

    /// <summary>Ends when all that is to happen has.</summary>
    public Task Faulting { get; private set; } = Task.CompletedTask;

    /// <summary>Starts a Redis, the silos, and what happens.</summary>
    public static async Task<FaultyRedis> StartAsync(int seed, CancellationToken cancellationToken)
    {
        var redis = new FaultyRedis(await RedisServer.StartAsync(), seed);
        try
        {
            var (oneOwner, pressing) = (seed % 2 == 0, seed / 2 % 2 == 1);
            LocalSequencer? way = null;
            for (var silo = 0; silo < Silos; silo++)
            {
                redis._silos.Add(await redis.OpenAsync(silo, pressing, engine => oneOwner ? way ??= new LocalSequencer(engine) : new LocalSequencer(engine), cancellationToken));
            }

            redis.Faulting = Task.Run(() => redis.FaultAsync(seed / 4 % 3), CancellationToken.None);
            return redis;
        }
        catch
        {
            await redis.DisposeAsync();
            throw;
        }
    }

    /// <summary>Of the silos, the next one each time.</summary>
    public ValueTask<IStateEngine> ClientAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IStateEngine>(_silos[(int)((uint)Interlocked.Increment(ref _asked) % Silos)]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Faulting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_silos.Select(silo => silo.DisposeAsync().AsTask()));
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private Task<RedisStateEngine> OpenAsync(int silo, bool pressing, Func<RedisStateEngine, ISequencer> sequencer, CancellationToken cancellationToken)
    {
        var options = new RedisStateOptions { ConnectionString = _server.ConnectionString, SiloName = $"silo-{silo}", CommandTimeout = TimeSpan.FromMilliseconds(500) };
        if (pressing)
        {
            options.Store.SnapshotAfterLogBytes = PressingSnapshotBytes;
        }

        options.FailStop = (reason, _) =>
        {
            lock (Stops)
            {
                Stops.Add(reason);
            }
        };
        return RedisStateEngine.OpenAsync(options, sequencer, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
    }

    private async Task FaultAsync(int fault)
    {
        try
        {
            for (var count = 0; count < Faults; count++)
            {
                await WaitAsync(_random.Next(50, 250));
                if (fault == 1)
                {
                    await _server.KillAsync();
                    await WaitAsync(_random.Next(0, 300));
                    await _server.StartAgainAsync();
                }
                else if (fault == 2)
                {
                    _server.Pause();
                    await WaitAsync(_random.Next(50, 900));
                    _server.Resume();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The history is over.
        }
    }

    private Task WaitAsync(int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, _stop.Token);
}
