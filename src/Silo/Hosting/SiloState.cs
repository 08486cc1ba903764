using KubeAspire.ApiServer.Authentication;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.StateStore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
#if ORLEANS
using KubeAspire.Silo.Grains;
using KubeAspire.StateStore.Redis;
#endif

namespace KubeAspire.Silo.Hosting;

/// <summary>The cluster's state as this process has it: in Redis among several silos where one is configured and Orleans is compiled in, on this machine's disk otherwise.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Leadership">Says whether what runs once in the cluster runs here.</param>
/// <param name="Owner">Ends the engine and what stands behind it.</param>
internal sealed record SiloState(IStateEngine Engine, ILeadership Leadership, IAsyncDisposable Owner) : IAsyncDisposable
{
    /// <summary>The connection string that makes this one of several silos: <c>ConnectionStrings__redis</c>, as Aspire names it.</summary>
    public const string RedisName = "redis";

    /// <summary>Opens the cluster's keys: those of this machine, or those that all silos share.</summary>
    /// <param name="options">The silo's options.</param>
    /// <param name="names">What the server's certificate is to name.</param>
    /// <param name="configuration">Says where Redis is, if anywhere.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Pki> OpenKeysAsync(
        SiloOptions options, IReadOnlyCollection<string> names, IConfiguration configuration, TimeProvider clock, CancellationToken cancellationToken)
    {
        var folder = ClusterData.KeysOf(options.DataDirectory);
        var pki = Pki.Open(folder, names, clock);
#if ORLEANS
        if (RedisOf(options, configuration) is { } redis && await SharedKeys.AgreeAsync(redis, folder, cancellationToken))
        {
            pki = Pki.Open(folder, names, clock);
        }
#else
        await Task.CompletedTask.WaitAsync(cancellationToken);
#endif
        return pki;
    }

    /// <summary>Opens the state.</summary>
    /// <param name="options">The silo's options.</param>
    /// <param name="configuration">Says where Redis is, if anywhere.</param>
    /// <param name="loggers">The process' loggers.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<SiloState> OpenAsync(SiloOptions options, IConfiguration configuration, ILoggerFactory loggers, TimeProvider clock, CancellationToken cancellationToken)
    {
#if ORLEANS
        if (RedisOf(options, configuration) is { } redis)
        {
            var cluster = new OrleansStoreOptions
            {
                Redis = redis, Cluster = options.ClusterName, Address = System.Net.IPAddress.Parse(options.EffectiveClusterAddress()), Port = options.ClusterPort,
            };
            var store = await OrleansStateStore.StartAsync(cluster, loggers, clock, cancellationToken);
            return new SiloState(store.Engine, store.Leadership, store);
        }
#else
        if (configuration.GetConnectionString(RedisName) is { Length: > 0 } redis)
        {
            loggers.CreateLogger<SiloState>().RedisUnused(redis.Split(',')[0]);
        }
#endif

        var engine = await EmbeddedStateEngine.OpenAsync(new StateStoreOptions { Directory = ClusterData.StoreOf(options.DataDirectory), HistoryEvents = options.HistoryEvents }, loggers, clock, cancellationToken);
        return new SiloState(engine, new SoleLeadership(), engine);
    }

    /// <summary>What the keys of a cluster begin with in Redis.</summary>
    public static string PrefixOf(string clusterName) => $"{{{clusterName}}}";

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Owner.DisposeAsync();
#if ORLEANS

    private static RedisStateOptions? RedisOf(SiloOptions options, IConfiguration configuration) => configuration.GetConnectionString(RedisName) is { Length: > 0 } redis
        ? new RedisStateOptions { ConnectionString = redis, KeyPrefix = PrefixOf(options.ClusterName), SiloName = options.EffectiveName(), Store = new StateStoreOptions { HistoryEvents = options.HistoryEvents } } : null;
#endif
}
