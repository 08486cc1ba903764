using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;
using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore.Engine;

/// <summary>
/// Commits batches: checks each write against the newest state, not yet durable writes of the batch included, appends all to the log as
/// one frame, syncs it, and only then publishes. For one thread at a time.
/// </summary>
internal sealed class StateWriter
{
    private readonly EngineSeams _seams;
    private readonly SegmentedLog _log;
    private readonly EventHistory _history;
    private readonly SnapshotKeeper _snapshots;
    private readonly StateStoreInstruments _instruments;
    private readonly StateStoreOptions _options;
    private readonly ILogger _logger;
    private readonly RecordBuffer _frame = new();
    private readonly List<(CollectionHistory Collection, StateEvent Change)> _changes = [];
    private readonly List<StateWatch> _wake = [];
    private readonly Action<ILogFile> _sync;
    private EntryNode?[]? _roots;
    private long _revision;
    private long _edit;
    private long _compactTo;
    private long _rollAt;
    private bool _full;
    private StateStoreException? _failed;

    public StateWriter(
        EngineSeams seams, SegmentedLog log, EventHistory history, SnapshotKeeper snapshots, StateStoreInstruments instruments, StateStoreOptions options, ILogger logger)
    {
        (_seams, _log, _history, _snapshots, _instruments, _options, _logger) = (seams, log, history, snapshots, instruments, options, logger);
        _sync = Sync;
        _rollAt = options.SegmentBytes;
    }

    /// <summary>How long the last sync took.</summary>
    public TimeSpan LastSync { get; private set; }

    /// <summary>Carries out a batch. On return every request has its result, and what is committed is durable and published.</summary>
    /// <returns>Why no request has a result; null otherwise.</returns>
    public StateStoreException? Commit(List<WriteRequest> batch)
    {
        if (_failed is not null)
        {
            return _failed;
        }

        var started = _history.Clock.GetTimestamp();
        try
        {
            if (!TryCommit(batch, deletesOnly: false) && !TryCommit(batch, deletesOnly: true))
            {
                Begin();
                foreach (var request in batch)
                {
                    request.Result = Refused(request, out _) ?? new StateWrite(StateOutcome.NoSpace, null);
                }
            }
        }
#pragma warning disable CA1031 // Whatever went wrong, what is on disk is unknown now.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Fail("a commit", exception);
        }

        _instruments.OnCommit(_history.Clock.GetElapsedTime(started), batch.Count);
        return null;
    }

    /// <summary>Wakes whoever watches what the last batches changed. Apart from the commit, so that the callers are answered first.</summary>
    public void WakeWatches()
    {
        foreach (var watch in _wake)
        {
            watch.Wake();
        }

        _wake.Clear();
    }

    /// <summary>Begins a new segment, and a snapshot, when it is time.</summary>
    public void Maintain()
    {
        var due = _snapshots.IsDue(_log.Position);
        if (_failed is not null || (_log.Position < _rollAt && !due))
        {
            return;
        }

        var written = _log.Position;
        try
        {
            _log.Roll(_history.State.Revision);
            _rollAt = _options.SegmentBytes;
        }
        catch (DiskFullException)
        {
            _rollAt = written + Math.Max(_options.SegmentBytes / 4, 1);
            _snapshots.Postpone();
            _logger.RollNoRoom(_log.Sequence);
            return;
        }
#pragma warning disable CA1031 // As above.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail("beginning a log segment", exception);
            return;
        }

        _snapshots.OnRolled(written);
        if (due)
        {
            _snapshots.Begin(_history.State, _log.StoreId, _log.Sequence, Fail);
        }
    }

    private bool TryCommit(List<WriteRequest> batch, bool deletesOnly)
    {
        Begin();
        var puts = false;
        foreach (var request in batch)
        {
            puts |= Apply(request, deletesOnly);
        }

        if (_frame.Length == LogFormat.FrameHeaderLength)
        {
            return true;
        }

        try
        {
            _log.TakeRoom(_frame.Length, keepReserve: puts);
            _log.Append(_frame.At(0, _frame.Length), _history.State.Revision + 1, _sync);
        }
        catch (DiskFullException)
        {
            NoteFull(true);
            return false;
        }

        if (puts)
        {
            NoteFull(false);
        }

        Publish();
        return true;
    }

    // Everything a failed or finished batch left in hand is dropped; the published state is the truth.
    private void Begin()
    {
        _edit++;
        _roots = null;
        _revision = _history.State.Revision;
        _compactTo = 0;
        _changes.Clear();
        _frame.Clear();
        _frame.Take(LogFormat.FrameHeaderLength).Clear();
    }

    private void Publish()
    {
        if (_changes.Count > 0)
        {
            _history.Publish(_changes, new StoreState(_revision, _roots!), _wake);
        }

        if (_compactTo > 0)
        {
            _history.Compact(_compactTo);
        }

        // Nodes of this edit are now shared; the buffers are not to keep the entries alive.
        _changes.Clear();
        _roots = null;
    }

    // Whether the write was a put and went in.
    private bool Apply(WriteRequest request, bool deletesOnly)
    {
        if (request.Kind == WriteKind.Compact)
        {
            _compactTo = Math.Max(_compactTo, Math.Min(request.Expected, _revision));
            LogFormat.AddCompact(_frame, _compactTo);
            request.Result = new StateWrite(StateOutcome.Committed, null);
            return false;
        }

        if (Refused(request, out var current) is { } refusal)
        {
            request.Result = refusal;
            return false;
        }

        if (request.Kind == WriteKind.Delete)
        {
            var tombstone = RevisionDigits.Tombstone(current!, ++_revision);
            LogFormat.AddDelete(_frame, current!.Key);
            Change(new StateEvent(tombstone, current, Deleted: true));
            request.Result = new StateWrite(StateOutcome.Committed, tombstone);
            return false;
        }

        if (deletesOnly)
        {
            request.Result = new StateWrite(StateOutcome.NoSpace, null);
            return false;
        }

        var revision = ++_revision;
        var entry = RevisionDigits.Fill(current?.Key ?? request.Key, request.Value, current?.CreateRevision ?? revision, revision);
        LogFormat.AddPut(_frame, entry);
        Change(new StateEvent(entry, current, Deleted: false));
        request.Result = new StateWrite(StateOutcome.Committed, entry);
        return true;
    }

    private StateWrite? Refused(WriteRequest request, out StateEntry? current)
    {
        var index = _history.Find(request.Key.Collection)?.Index ?? -1;
        var roots = _roots ?? _history.State.Roots;
        current = (uint)index < (uint)roots.Length ? EntryTree.Find(roots[index], request.Key.Namespace, request.Key.Name) : null;
        return request.Kind switch
        {
            WriteKind.Create when current is not null => new StateWrite(StateOutcome.Exists, current),
            WriteKind.Update or WriteKind.Delete when current is null => new StateWrite(StateOutcome.Missing, null),
            WriteKind.Update or WriteKind.Delete when current.Revision != request.Expected => new StateWrite(StateOutcome.Conflict, current),
            _ => null,
        };
    }

    private void Change(StateEvent change)
    {
        var key = change.Entry.Key;
        var collection = _history.GetOrAdd(key.Collection);
        var index = collection.Index;
        _roots ??= (EntryNode?[])_history.State.Roots.Clone();
        if (index >= _roots.Length)
        {
            Array.Resize(ref _roots, index + 1);
        }

        _roots[index] = change.Deleted
            ? EntryTree.Remove(_roots[index]!, key.Namespace, key.Name, _edit)
            : EntryTree.Put(_roots[index], change.Entry, _edit);
        _changes.Add((collection, change));
    }

    private void Sync(ILogFile file)
    {
        var started = _history.Clock.GetTimestamp();
        file.SyncOrFail();
        LastSync = _history.Clock.GetElapsedTime(started);
        _instruments.OnSync(LastSync);
    }

    private void NoteFull(bool full)
    {
        if (_full == full)
        {
            return;
        }

        _full = full;
        if (full)
        {
            _logger.DiskFull(_seams.Disk.Name);
        }
        else
        {
            _logger.DiskHasRoom(_seams.Disk.Name);
        }
    }

    private StateStoreException Fail(string attempt, Exception exception)
    {
        var failed = new StateStoreException($"The state store has stopped: {attempt} failed: {exception.Message}", exception);
        failed = Interlocked.CompareExchange(ref _failed, failed, null) ?? failed;
        _logger.FailStopped(exception, attempt);
        _seams.FailStop(failed.Message, exception);
        return failed;
    }
}
