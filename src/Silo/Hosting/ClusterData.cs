using KubeAspire.ApiServer.Authentication;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Backups;
using Microsoft.Extensions.Logging.Abstractions;
#if ORLEANS
using System.Text;
using KubeAspire.Silo.Grains;
using KubeAspire.StateStore.Redis;
using Microsoft.Extensions.Logging;
#endif

namespace KubeAspire.Silo.Hosting;

/// <summary>
/// What a control plane keeps below its data directory, and how that is carried to another: the store in <c>state</c>, the keys in <c>pki</c>.
/// A backup holds both. Without the CA no kubeconfig, without the signing key no service account's token would be good after a restore.
/// </summary>
internal static class ClusterData
{
    private const string StoreFolder = "state";
    private const string KeyFolder = "pki";

    /// <summary>Where the store is.</summary>
    public static string StoreOf(string dataDirectory) => Path.Combine(dataDirectory, StoreFolder);

    /// <summary>Where the keys are.</summary>
    public static string KeysOf(string dataDirectory) => Path.Combine(dataDirectory, KeyFolder);

    /// <summary>The keys and certificates, for a backup.</summary>
    public static IReadOnlyList<BackupFile> KeyFiles(string dataDirectory)
    {
        var folder = KeysOf(dataDirectory);
        return !Directory.Exists(folder) ? [] :
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(file => !file.EndsWith(SecretFiles.BesideSuffix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(file => new BackupFile(Path.GetRelativePath(dataDirectory, file).Replace(Path.DirectorySeparatorChar, '/'), File.ReadAllBytes(file))),
        ];
    }

    /// <summary>Backs up a cluster that is down.</summary>
    /// <exception cref="StateStoreException">The cluster is up, or its store is damaged.</exception>
    public static async Task<BackupSummary> BackupAsync(string dataDirectory, string file, TimeProvider clock, CancellationToken cancellationToken)
    {
        var store = StoreOf(dataDirectory);
        if (!Directory.Exists(store))
        {
            throw new StateStoreException($"{store} is not there: there is no cluster to back up");
        }

        await using var engine = await EmbeddedStateEngine.OpenAsync(new StateStoreOptions { Directory = store }, NullLoggerFactory.Instance, clock, cancellationToken);
        return await StateBackup.SaveAsync(
            file, stream => BackupWriter.WriteAsync(stream, engine.Copy(), KeyFiles(dataDirectory), clock.GetUtcNow(), cancellationToken), cancellationToken);
    }

    /// <summary>Makes the data directory of a cluster of a backup.</summary>
    /// <exception cref="StateStoreException">The backup is damaged, or the directory is not empty.</exception>
    public static BackupSummary Restore(string file, string dataDirectory) => StateBackup.Restore(file, dataDirectory, StoreFolder);

    /// <summary>Makes the state of several silos of a backup.</summary>
    /// <param name="file">The backup, of one silo or of several.</param>
    /// <param name="redis">The connection string of their Redis.</param>
    /// <param name="clusterName">The cluster's name in it; null for the usual one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StateStoreException">The backup is damaged or has no keys, there is a state already, or this build has no Orleans.</exception>
    public static async Task<BackupSummary> RestoreToRedisAsync(string file, string redis, string? clusterName, CancellationToken cancellationToken)
    {
#if ORLEANS
        var options = new RedisStateOptions { ConnectionString = redis, KeyPrefix = SiloState.PrefixOf(clusterName ?? SiloOptions.UsualClusterName) };
        using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true));
        return await RedisBackup.RestoreAsync(file, options, SharedKeys.Name, files => SharedKeys.Shared(name => Read(files, name)), loggers, cancellationToken);
#else
        await Task.CompletedTask.WaitAsync(cancellationToken);
        throw new StateStoreException($"{file} was not restored to {redis.Split(',')[0]}: this build has no Orleans, so there can be no silos to share it");
#endif
    }
#if ORLEANS

    private static string Read(IReadOnlyList<BackupFile> files, string name) =>
        files.FirstOrDefault(file => file.Name == $"{KeyFolder}/{name}") is { } found ? Encoding.UTF8.GetString(found.Bytes.Span) : throw new StateStoreException($"the backup has no {name}");
#endif
}
