using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Snapshots;

/// <summary>Writes a snapshot when the log has grown enough, then deletes what it makes obsolete.</summary>
internal sealed class SnapshotKeeper(EngineSeams seams, StateStoreOptions options, TimeProvider clock, ILogger logger, long snapshotBytes, long closedLogBytes) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private long _snapshotBytes = snapshotBytes;
    private long _closedLogBytes = closedLogBytes;
    private long _postponedTo;

    /// <summary>Bytes of the newest snapshot and of closed segments.</summary>
    public long Bytes => Volatile.Read(ref _snapshotBytes) + Volatile.Read(ref _closedLogBytes);

    /// <summary>Whether the log, with so many bytes in its current segment, has grown enough.</summary>
    public bool IsDue(long currentSegmentBytes)
    {
        var grown = Volatile.Read(ref _closedLogBytes) + currentSegmentBytes;
        return grown >= Math.Max(options.SnapshotAfterLogBytes, Volatile.Read(ref _snapshotBytes)) && grown >= Volatile.Read(ref _postponedTo) && _running.IsCompleted;
    }

    /// <summary>Counts a segment that was closed.</summary>
    public void OnRolled(long bytes) => Interlocked.Add(ref _closedLogBytes, bytes);

    /// <summary>Waits until the log has grown by another quarter of the threshold.</summary>
    public void Postpone() =>
        Volatile.Write(ref _postponedTo, Math.Max(Volatile.Read(ref _closedLogBytes), options.SnapshotAfterLogBytes) + (options.SnapshotAfterLogBytes / 4));

    /// <summary>Writes a snapshot of a state at which the current segment begins.</summary>
    /// <param name="state">What to write.</param>
    /// <param name="storeId">The store.</param>
    /// <param name="keptFrom">The segment from which on the log is needed beside the snapshot.</param>
    /// <param name="fail">Called when what is on disk is unknown.</param>
    public void Begin(StoreState state, Guid storeId, long keptFrom, Func<string, Exception, Exception> fail)
    {
        var obsoleteBytes = Volatile.Read(ref _closedLogBytes);
        _running = seams.Background(() => Write(state, storeId, keptFrom, obsoleteBytes, fail));
    }

    /// <summary>Waits for a snapshot under way; it ends at its next block.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    /// <summary>Deletes what a newer snapshot has made obsolete.</summary>
    /// <param name="disk">Where.</param>
    /// <param name="logger">Told about what cannot be deleted.</param>
    /// <param name="snapshotRevision">The snapshot in force; 0 where there is none.</param>
    /// <param name="keptFrom">The first segment still needed.</param>
    /// <param name="unfinished">
    /// Whether temporary files go, too: what a crash left. Only before the first commit: later one may be a segment that is just being begun.
    /// </param>
    public static void Clean(IDisk disk, ILogger logger, long snapshotRevision, long keptFrom, bool unfinished)
    {
        // Oldest first: what remains after a crash in between is in a row.
        foreach (var name in disk.List().Order(StringComparer.Ordinal))
        {
            var obsolete = (unfinished && name.EndsWith(LogFormat.TemporarySuffix, StringComparison.Ordinal))
                || (SnapshotFormat.TryParseName(name, out var revision) && revision < snapshotRevision)
                || (LogFormat.TryParseSegmentName(name, out var sequence) && sequence < keptFrom);
            if (!obsolete)
            {
                continue;
            }

            try
            {
                disk.Delete(name);
            }
            catch (IOException exception)
            {
                logger.DeleteFailed(exception, name);
            }
        }
    }

    private void Write(StoreState state, Guid storeId, long keptFrom, long obsoleteBytes, Func<string, Exception, Exception> fail)
    {
        var started = clock.GetTimestamp();
        try
        {
            var (bytes, entries) = SnapshotWriter.Write(seams.Disk, new SnapshotHeader(storeId, state.Revision), state.All(), _stop.Token);
            Volatile.Write(ref _snapshotBytes, bytes);
            Interlocked.Add(ref _closedLogBytes, -obsoleteBytes);
            Volatile.Write(ref _postponedTo, 0);
            logger.SnapshotWritten(SnapshotFormat.NameOf(state.Revision), state.Revision, entries, bytes, (long)clock.GetElapsedTime(started).TotalMilliseconds);
            Clean(seams.Disk, logger, state.Revision, keptFrom, unfinished: false);
        }
        catch (OperationCanceledException)
        {
            // The store closes. The temporary file goes at the next start; the log holds everything.
        }
        catch (DiskFullException)
        {
            Postpone();
            logger.SnapshotNoRoom(state.Revision);
            DeleteTemporary(SnapshotFormat.NameOf(state.Revision) + LogFormat.TemporarySuffix);
        }
#pragma warning disable CA1031 // Whatever it was: a disk that fails to sync is not to be trusted with the next commit.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            fail("a snapshot", exception);
        }
    }

    private void DeleteTemporary(string name)
    {
        try
        {
            seams.Disk.Delete(name);
        }
        catch (IOException exception)
        {
            logger.DeleteFailed(exception, name);
        }
    }
}
