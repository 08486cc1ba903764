using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Redis;

/// <summary>Makes the state of several silos of a backup. It may be one of a single silo, and the other way round: a backup does not say what it was of.</summary>
public static class RedisBackup
{
    // The snapshot stands for it, and the log begins after it: a silo knows by its place whether it has the snapshot.
    private const long FirstEntry = 1;

    /// <summary>Restores a backup to a Redis that has no state of this cluster. Until the last step, which is one, silos would find nothing there.</summary>
    /// <param name="file">The backup.</param>
    /// <param name="options">Where to.</param>
    /// <param name="agreement">What the silos agree on (<see cref="RedisAgreement"/>), by name.</param>
    /// <param name="value">Makes its value of the backup's files.</param>
    /// <param name="loggers">Takes what is worth knowing of Redis' settings.</param>
    /// <param name="cancellationToken">Gives up; until then Redis is waited for.</param>
    /// <returns>What was restored; the store's revision is <see cref="StateBackup.RevisionJump"/> beyond that of the backup.</returns>
    /// <exception cref="BackupDamagedException">The backup is damaged. Nothing was made.</exception>
    /// <exception cref="StateStoreException">There is a state already, or no room. Nothing was changed.</exception>
    public static async Task<BackupSummary> RestoreAsync(
        string file, RedisStateOptions options, string agreement, Func<IReadOnlyList<BackupFile>, ReadOnlyMemory<byte>> value, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(loggers);
        using var stream = File.OpenRead(file);
        using var reader = new BackupReader(stream, file);
        await using var client = new RedisClient(RedisAddress.Parse(options.ConnectionString), options);
        await RedisServerCheck.CheckAsync(client, loggers.CreateLogger(typeof(RedisBackup)), cancellationToken);
        var begins = new RedisSnapshot("", new LogPosition(FirstEntry, 0), checked(reader.Header.Revision + StateBackup.RevisionJump), 0, 0, Guid.NewGuid());
        try
        {
            return await new RedisSnapshots(options).BeginAsync(client, reader.ReadEntries(), begins, (agreement, value(reader.Files)), cancellationToken) ? StateBackup.Summary(reader)
                : throw new StateStoreException($"Redis at {client.Address} holds a state of this cluster already ({options.KeyPrefix}): a backup is restored to an empty place only");
        }
        catch (RedisRefusedException refused) when (refused.IsOutOfMemory)
        {
            throw new StateStoreException($"Redis at {client.Address} has no room for the backup: {refused.Message}");
        }
    }
}
