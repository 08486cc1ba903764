using KubeAspire.StateStore.Redis;
using KubeAspire.Testing.Processes;
using Microsoft.Extensions.Logging.Abstractions;

[assembly: AssemblyFixture(typeof(KubeAspire.StateStore.Tests.Redis.SharedRedis))]

namespace KubeAspire.StateStore.Tests.Redis;

/// <summary>One redis-server for the tests that do it no harm; each store has a prefix of its own.</summary>
public sealed class SharedRedis : IAsyncDisposable
{
    private static readonly SemaphoreSlim s_starting = new(1);
    private static RedisServer? s_server;

    /// <summary>The server, started when it is first asked for. Skips the test where there can be none.</summary>
    public static async Task<RedisServer> GetAsync()
    {
        Assert.SkipWhen(RedisServer.WhyNot is not null, RedisServer.WhyNot ?? "");
        await s_starting.WaitAsync();
        try
        {
            return s_server ??= await RedisServer.StartAsync();
        }
        finally
        {
            s_starting.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (s_server is { } server)
        {
            await server.DisposeAsync();
        }
    }
}

/// <summary>One store in a Redis, and silos that share it, all in this process.</summary>
internal sealed class RedisStore(string connectionString) : IAsyncDisposable
{
    private static int s_stores;
    private readonly string _prefix = $"{{test-{Environment.ProcessId}-{Interlocked.Increment(ref s_stores)}}}";
    private readonly List<RedisStateEngine> _engines = [];

    private readonly CancellationTokenSource _stopped = new();

    /// <summary>What a silo found so wrong that it stopped.</summary>
    public List<string> Stops { get; } = [];

    /// <summary>Cancelled when a silo has stopped.</summary>
    public CancellationToken Stopped => _stopped.Token;

    public string Prefix => _prefix;

    /// <summary>A store in the shared server.</summary>
    public static async Task<RedisStore> OfSharedAsync() => new((await SharedRedis.GetAsync()).ConnectionString);

    public RedisStateOptions Options(Action<RedisStateOptions>? configure = null)
    {
        var options = new RedisStateOptions { ConnectionString = connectionString, KeyPrefix = _prefix, SiloName = $"silo-{_engines.Count}" };
        options.FailStop = (reason, _) =>
        {
            lock (Stops)
            {
                Stops.Add(reason);
            }

            _stopped.Cancel();
        };
        configure?.Invoke(options);
        return options;
    }

    /// <summary>Another silo; by itself it owns the store whenever it writes.</summary>
    public async Task<RedisStateEngine> OpenAsync(Action<RedisStateOptions>? configure = null, TimeProvider? clock = null, Func<RedisStateEngine, ISequencer>? sequencer = null)
    {
        var engine = await RedisStateEngine.OpenAsync(
            Options(configure), sequencer ?? (engine => new LocalSequencer(engine)), NullLoggerFactory.Instance, clock ?? TimeProvider.System, TestContext.Current.CancellationToken);
        _engines.Add(engine);
        return engine;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_engines.Select(engine => engine.DisposeAsync().AsTask()));

        _stopped.Dispose();
    }
}
