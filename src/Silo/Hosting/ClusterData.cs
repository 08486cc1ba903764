using KubeAspire.ApiServer.Authentication;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Backups;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Silo.Hosting;

/// <summary>
/// What a control plane keeps below its data directory, and how that is carried to another: the store in <c>state</c>, the keys in <c>pki</c>.
/// A backup holds both. Without the CA no kubeconfig, without the signing key no service account's token would be good after a restore.
/// </summary>
internal static class ClusterData
{
    private const string StoreFolder = "state";

    /// <summary>The folder of the keys, below the data directory and in a backup.</summary>
    public const string KeyFolder = "pki";

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
}
