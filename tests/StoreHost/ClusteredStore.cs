using KubeAspire.Silo.Grains;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace KubeAspire.StoreHost;

/// <summary>One of several silos that share their state through Redis, without an API server before it.</summary>
internal static class ClusteredStore
{
    /// <summary>Joins a cluster.</summary>
    public static async Task<OrleansStateStore> OpenAsync(string redis, string cluster, string name, StateStoreOptions store)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1), TimeProvider.System);
        var level = Environment.GetEnvironmentVariable("STOREHOST_LOG") is { Length: > 0 } text ? Enum.Parse<LogLevel>(text) : LogLevel.None;
        var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(level).AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss.fff "))
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        return await OrleansStateStore.StartAsync(
            new OrleansStoreOptions { Redis = Options(redis, cluster, name, store), Cluster = cluster }, loggers, TimeProvider.System, stop.Token);
    }

    /// <summary>Where a store is in Redis, and whose it is.</summary>
    public static RedisStateOptions Options(string redis, string prefix, string silo, StateStoreOptions store) =>
        new() { ConnectionString = redis, KeyPrefix = $"{{{prefix}}}", SiloName = silo, Store = store };
}
