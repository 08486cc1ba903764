using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;
using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore;

/// <summary>
/// The state engine of one machine: an ordered tree in memory, a write-ahead log with group commit, and snapshots.
/// What it promises and what is on disk: docs/specs/state-store.md.
/// </summary>
public sealed class EmbeddedStateEngine : IStateEngine, IStateCopySource
{
    /// <summary>The revision of an empty store.</summary>
    public const long FirstRevision = 1;

    /// <summary>Largest object that is stored. 8 MiB: above every limit that the API server sets.</summary>
    public const int MaxValueBytes = 8 << 20;

    /// <summary>Longest collection, namespace or name, in UTF-16 units. 1,024: Kubernetes allows 253.</summary>
    public const int MaxKeyPartLength = 1_024;

    private readonly EngineSeams _seams;
    private readonly EventHistory _history;
    private readonly SegmentedLog _log;
    private readonly SnapshotKeeper _snapshots;
    private readonly CommitQueue _queue;
    private readonly StateStoreInstruments _instruments = new();
    private int _disposed;

    private EmbeddedStateEngine(EngineSeams seams, EventHistory history, SegmentedLog log, SnapshotKeeper snapshots, StateStoreOptions options, ILogger logger)
    {
        (_seams, _history, _log, _snapshots) = (seams, history, log, snapshots);
        _queue = new CommitQueue(new StateWriter(seams, log, history, snapshots, _instruments, options, logger), seams.OwnThread);
        _instruments.Observe(() => Revision, () => CompactedRevision, () => snapshots.Bytes + log.Position);
    }

    /// <inheritdoc/>
    public long Revision => _history.State.Revision;

    /// <inheritdoc/>
    public long CompactedRevision => _history.Compacted;

    /// <summary>Opens the store of a directory, or makes a new one where the directory is empty.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="loggers">Takes what is worth knowing.</param>
    /// <param name="clock">Ages history and times watches.</param>
    /// <param name="cancellationToken">Gives up before recovery begins.</param>
    /// <exception cref="StateStoreLockedException">Another process has the directory.</exception>
    /// <exception cref="StateStoreCorruptException">A file is damaged; the message says which, where and how.</exception>
    public static Task<EmbeddedStateEngine> OpenAsync(StateStoreOptions options, ILoggerFactory loggers, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(clock);
        options.Validate();
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Open(options, EngineSeams.Real(options.Directory), loggers, clock));
    }

    internal static EmbeddedStateEngine Open(StateStoreOptions options, EngineSeams seams, ILoggerFactory loggers, TimeProvider clock)
    {
        var logger = loggers.CreateLogger<EmbeddedStateEngine>();
        var disk = seams.Disk;
        try
        {
            disk.Lock();
            return Recover(options, seams, logger, clock);
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var state = _history.State;
        return new ValueTask<StateEntry?>(_history.Find(key.Collection) is { } collection ? EntryTree.Find(state.RootOf(collection.Index), key.Namespace, key.Name) : null);
    }

    /// <inheritdoc/>
    public ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask<StatePage>(StateReader.List(_history, range, revision, limit, after));
    }

    /// <inheritdoc/>
    public ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) =>
        WriteAsync(WriteKind.Create, key, StateLimits.Checked(value), 0, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) =>
        WriteAsync(WriteKind.Update, key, StateLimits.Checked(value), expectedRevision, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) =>
        WriteAsync(WriteKind.Delete, key, default, expectedRevision, cancellationToken);

    /// <inheritdoc/>
    public IStateWatch Watch(StateRange range, long afterRevision) => new StateWatch(_history, range, afterRevision);

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        if (revision > CompactedRevision)
        {
            await _queue.SubmitAsync(WriteKind.Compact, new StateKey("", "", ""), default, revision, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public StateCopy Copy()
    {
        var state = _history.State;
        return new StateCopy(_log.StoreId, state.Revision, state.All());
    }

    /// <summary>Finishes the writes under way, ends the watches, and releases the directory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _queue.CloseAsync();
        _history.Close();
        await _snapshots.StopAsync();
        _queue.Dispose();
        _snapshots.Dispose();
        _log.Dispose();
        _seams.Disk.Dispose();
        _instruments.Dispose();
    }

    private ValueTask<StateWrite> WriteAsync(WriteKind kind, StateKey key, StateValue value, long expected, CancellationToken cancellationToken)
    {
        StateLimits.ThrowIfUnfit(key);
        return StateStoreInstruments.Source.HasListeners()
            ? WriteTracedAsync(kind, key, value, expected, cancellationToken)
            : _queue.SubmitAsync(kind, key, value, expected, cancellationToken);
    }

    private async ValueTask<StateWrite> WriteTracedAsync(WriteKind kind, StateKey key, StateValue value, long expected, CancellationToken cancellationToken)
    {
        using var activity = StateStoreInstruments.Source.StartActivity(StateStoreInstruments.CommitActivity);
        var write = await _queue.SubmitAsync(kind, key, value, expected, cancellationToken);
        activity?.SetTag("kubeaspire.store.operation", kind.ToString())
            .SetTag("kubeaspire.store.key", key.ToString())
            .SetTag("kubeaspire.store.outcome", write.Outcome.ToString())
            .SetTag("kubeaspire.store.revision", write.Entry?.Revision);
        return write;
    }

    private static EmbeddedStateEngine Recover(StateStoreOptions options, EngineSeams seams, ILogger logger, TimeProvider clock)
    {
        var started = clock.GetTimestamp();
        var disk = seams.Disk;
        var empty = new StoreState(FirstRevision, []);
        var history = new EventHistory(options, clock, empty, compacted: 0);
        var replay = new StoreReplay(history, options.HistoryEvents);

        long snapshotRevision = 0;
        Guid? storeId = null;
        foreach (var name in disk.List())
        {
            snapshotRevision = SnapshotFormat.TryParseName(name, out var revision) ? Math.Max(snapshotRevision, revision) : snapshotRevision;
        }

        long snapshotBytes = 0;
        if (snapshotRevision > 0)
        {
            var name = SnapshotFormat.NameOf(snapshotRevision);
            storeId = SnapshotReader.Read(disk, name, snapshotRevision, replay.Load).StoreId;
            using var file = disk.Open(name);
            snapshotBytes = file.Length;
            replay.BeginAt(snapshotRevision);
        }

        var recovered = new LogRecovery(disk, logger).Recover(replay, storeId, options);
        if (snapshotRevision > 0 && (recovered is null || recovered.LastRevision < snapshotRevision))
        {
            recovered?.Log.Dispose();
            throw new StateStoreCorruptException(SnapshotFormat.NameOf(snapshotRevision), 0, "the log ends before this snapshot: its newest segments are missing");
        }

        SnapshotKeeper.Clean(disk, logger, snapshotRevision, recovered?.FirstSequence ?? 0, unfinished: true);
        var log = recovered?.Log ?? SegmentedLog.Begin(disk, Guid.NewGuid(), FirstRevision, options);
        history.Recover(replay.Changes, replay.State, snapshotRevision);
        history.Compact(replay.CompactedTo);
        var keeper = new SnapshotKeeper(seams, options, clock, logger, snapshotBytes, recovered?.ClosedBytes ?? 0);
        logger.Opened(disk.Name, replay.Revision, replay.State.Count(), snapshotRevision, replay.Replayed, (long)clock.GetElapsedTime(started).TotalMilliseconds);
        return new EmbeddedStateEngine(seams, history, log, keeper, options, logger);
    }
}
