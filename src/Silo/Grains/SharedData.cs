using KubeAspire.Silo.Hosting;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Silo.Grains;

/// <summary>The data of several silos, which is in Redis, as backups carry it: the store, and the keys that the silos share. No silo need run.</summary>
internal static class SharedData
{
    /// <summary>How long Redis may take to be reached. 15 s: what carries data then takes as long as it needs.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    /// <summary>Where it is; null where there is one silo that keeps its data itself.</summary>
    public static RedisStateOptions? Options(IConfiguration configuration) => configuration.GetConnectionString(SiloState.RedisName) is { Length: > 0 } redis
        ? new RedisStateOptions { ConnectionString = redis, KeyPrefix = SiloState.PrefixOf(configuration.GetSection(SiloOptions.SectionName)["ClusterName"] ?? SiloOptions.UsualClusterName) } : null;

    /// <summary>Backs up a cluster, whether it is up or down.</summary>
    /// <exception cref="StateStoreException">There is no cluster, or its store is damaged.</exception>
    public static async Task<BackupSummary> BackupAsync(string file, RedisStateOptions redis, TimeProvider clock, CancellationToken cancellationToken)
    {
        // The first thing that a silo writes: without it, opening the store would begin one.
        var keys = await FindKeysAsync(redis, clock, cancellationToken)
            ?? throw new StateStoreException($"Redis at {RedisAddress.Parse(redis.ConnectionString)} has no cluster {redis.KeyPrefix} to back up");
        await using var engine = await RedisStateEngine.OpenAsync(redis, silo => new LocalSequencer(silo), NullLoggerFactory.Instance, clock, cancellationToken);
        var files = SharedKeys.Apart(keys).Select(key => new BackupFile($"{ClusterData.KeyFolder}/{key.Name}", key.Bytes)).ToList();
        return await StateBackup.SaveAsync(file, stream => BackupWriter.WriteAsync(stream, engine.Copy(), files, clock.GetUtcNow(), cancellationToken), cancellationToken);
    }

    /// <summary>Makes the data of a backup.</summary>
    /// <exception cref="StateStoreException">The backup is damaged or has no keys, or there is a cluster already. Nothing was changed.</exception>
    public static async Task<BackupSummary> RestoreAsync(string file, RedisStateOptions redis, TimeProvider clock, CancellationToken cancellationToken)
    {
        await FindKeysAsync(redis, clock, cancellationToken);
        return await RedisBackup.RestoreAsync(file, redis, SharedKeys.Name, files => SharedKeys.Together(name => Read(files, name)), NullLoggerFactory.Instance, cancellationToken);
    }

    private static async Task<byte[]?> FindKeysAsync(RedisStateOptions redis, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(s_patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await RedisAgreement.FindAsync(redis, SharedKeys.Name, either.Token);
        }
        catch (Exception unreached) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StateStoreException($"Redis at {RedisAddress.Parse(redis.ConnectionString)} does not answer: {unreached.Message}");
        }
    }

    private static ReadOnlyMemory<byte> Read(IReadOnlyList<BackupFile> files, string name) =>
        files.FirstOrDefault(file => file.Name == $"{ClusterData.KeyFolder}/{name}")?.Bytes ?? throw new StateStoreException($"the backup has no {name}, without which no certificate or token would be good");
}
