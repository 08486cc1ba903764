using System.Collections.Concurrent;
using KubeAspire.StateStore.Engine;

namespace KubeAspire.StateStore.Watching;

/// <summary>
/// The changes of the last while, shared by all watches and by lists at an old revision, and the published state that they lead to.
/// Bounded by count, age and bytes: what falls out is compacted.
/// </summary>
internal sealed class EventHistory
{
    private const int MaxEventsPerBatch = 1_000;

    // Rough bytes of what an event keeps alive besides the JSON: event, entry, key strings, ring slots.
    private const int EventOverheadBytes = 256;

    private readonly ConcurrentDictionary<string, CollectionHistory> _collections = new(StringComparer.Ordinal);
    private readonly StateStoreOptions _options;
    private readonly TimeProvider _clock;

    // One item for each revision from _compacted + 1 on: revisions have no gaps.
    private readonly Queue<Kept> _kept = new();
    private long _keptBytes;
    private long _compacted;
    private StoreState _state;
    private bool _closed;

    public EventHistory(StateStoreOptions options, TimeProvider clock, StoreState state, long compacted)
    {
        (_options, _clock, _state, _compacted) = (options, clock, state, compacted);
    }

    /// <summary>Guards the changes, the waiting watches and the step from one published state to the next.</summary>
    public Lock Gate { get; } = new();

    /// <summary>What readers see.</summary>
    public StoreState State => Volatile.Read(ref _state);

    public long Compacted => Volatile.Read(ref _compacted);

    /// <summary>The watches' clock.</summary>
    public TimeProvider Clock => _clock;

    public bool Closed => Volatile.Read(ref _closed);

    /// <summary>All collections ever written to.</summary>
    public ICollection<CollectionHistory> Collections => _collections.Values;

    /// <summary>The collection of a name, or null where nothing was ever written to it.</summary>
    public CollectionHistory? Find(string collection) => _collections.GetValueOrDefault(collection);

    /// <summary>The collection of a name. A watch may ask before the first write: it gets its place then.</summary>
    public CollectionHistory GetOrAdd(string collection)
    {
        if (_collections.TryGetValue(collection, out var found))
        {
            return found;
        }

        lock (Gate)
        {
            return _collections.TryGetValue(collection, out found) ? found
                : _collections.GetOrAdd(collection, new CollectionHistory(collection, _collections.Count));
        }
    }

    /// <summary>Makes a durable batch visible, all at once.</summary>
    /// <param name="changes">The changes in revision order.</param>
    /// <param name="state">The state after them.</param>
    /// <param name="wake">Receives the watches to wake, outside the lock.</param>
    public void Publish(List<(CollectionHistory Collection, StateEvent Change)> changes, StoreState state, List<StateWatch> wake)
    {
        var now = _clock.GetTimestamp();
        lock (Gate)
        {
            var before = _state.Revision;
            foreach (var (collection, change) in changes)
            {
                collection.Add(change);
                var bytes = change.Entry.Json.Length + EventOverheadBytes;
                _keptBytes += bytes;
                _kept.Enqueue(new Kept(collection, now, bytes));
            }

            Volatile.Write(ref _state, state);
            foreach (var (collection, _) in changes)
            {
                TakeWakeable(collection, before, state.Revision, wake);
            }

            Trim(now);
        }
    }

    /// <summary>Takes what recovery found, before anyone reads.</summary>
    /// <param name="changes">The last changes, without a gap up to the state.</param>
    /// <param name="state">The state after them.</param>
    /// <param name="compacted">Nothing is known of what was before this.</param>
    public void Recover(List<(CollectionHistory Collection, StateEvent Change)> changes, StoreState state, long compacted)
    {
        if (changes.Count > 0 && changes[0].Change.Entry.Revision - 1 is var before and > EmbeddedStateEngine.FirstRevision)
        {
            compacted = Math.Max(compacted, before);
        }

        _compacted = compacted;
        Publish(changes, state, []);
    }

    /// <summary>Forgets changes up to and including a revision.</summary>
    public void Compact(long revision)
    {
        lock (Gate)
        {
            while (_kept.Count > 0 && _state.Revision - _kept.Count < revision)
            {
                ForgetOldest();
            }

            Volatile.Write(ref _compacted, Math.Max(_compacted, Math.Min(revision, _state.Revision)));
        }
    }

    /// <summary>Jumps to a state without the changes that lead to it: all history is forgotten, and watches that wait are woken to be told so.</summary>
    /// <param name="state">The state, newer than the one before.</param>
    /// <param name="wake">Receives the watches to wake, outside the lock.</param>
    public void Reset(StoreState state, List<StateWatch> wake)
    {
        lock (Gate)
        {
            while (_kept.Count > 0)
            {
                ForgetOldest();
            }

            Volatile.Write(ref _compacted, state.Revision);
            Volatile.Write(ref _state, state);
            foreach (var collection in _collections.Values)
            {
                foreach (var watch in collection.Waiting)
                {
                    watch.MarkWoken(watch.Cursor);
                    wake.Add(watch);
                }

                collection.Waiting.Clear();
            }
        }
    }

    /// <summary>Ends all watches.</summary>
    public void Close()
    {
        var ended = new List<StateWatch>();
        lock (Gate)
        {
            Volatile.Write(ref _closed, true);
            foreach (var collection in _collections.Values)
            {
                foreach (var watch in collection.Waiting)
                {
                    watch.MarkWoken(watch.Cursor);
                    ended.Add(watch);
                }

                collection.Waiting.Clear();
            }
        }

        ended.ForEach(watch => watch.Wake());
    }

    /// <summary>The changes of a collection after a revision, with the state they lead to; null where they are compacted.</summary>
    public StateEvent[]? ChangesSince(string collection, long revision, out StoreState state)
    {
        lock (Gate)
        {
            state = _state;
            if (revision < _compacted)
            {
                return null;
            }

            if (!_collections.TryGetValue(collection, out var history))
            {
                return [];
            }

            var first = history.IndexAfter(revision);
            var changes = new StateEvent[history.Count - first];
            for (var i = 0; i < changes.Length; i++)
            {
                changes[i] = history[first + i];
            }

            return changes;
        }
    }

    /// <summary>Moves a watch forward. Under <see cref="Gate"/>.</summary>
    /// <returns>Whether there is something to return; otherwise the watch has seen all there is.</returns>
    public bool TryRead(CollectionHistory collection, StateRange range, ref long cursor, out StateWatchBatch batch)
    {
        if (cursor < _compacted)
        {
            batch = new StateWatchBatch(StateReadOutcome.Compacted, [], _state.Revision);
            return true;
        }

        List<StateEvent>? found = null;
        var at = collection.IndexAfter(cursor);
        for (; at < collection.Count && (found is null || found.Count < MaxEventsPerBatch); at++)
        {
            var change = collection[at];
            cursor = change.Entry.Revision;
            if (range.Contains(change.Entry.Key))
            {
                (found ??= []).Add(change);
            }
        }

        if (at == collection.Count)
        {
            cursor = Math.Max(cursor, _state.Revision);
        }

        batch = new StateWatchBatch(StateReadOutcome.Ok, found ?? (IReadOnlyList<StateEvent>)[], cursor);
        return found is not null;
    }

    // A waiting watch has seen everything up to the state before; only changes of its own range are worth waking it for.
    private static void TakeWakeable(CollectionHistory collection, long before, long revision, List<StateWatch> wake)
    {
        var waiting = collection.Waiting;
        if (waiting.Count == 0 || collection.Told == revision)
        {
            return;
        }

        collection.Told = revision;

        var first = collection.IndexAfter(before);
        var kept = 0;
        for (var i = 0; i < waiting.Count; i++)
        {
            var watch = waiting[i];
            if (watch.Wants(collection, first))
            {
                watch.MarkWoken(Math.Max(watch.Cursor, before));
                wake.Add(watch);
            }
            else
            {
                watch.Cursor = Math.Max(watch.Cursor, revision);
                waiting[kept++] = watch;
            }
        }

        waiting.RemoveRange(kept, waiting.Count - kept);
    }

    private void Trim(long now)
    {
        while (_kept.Count > _options.HistoryEvents || (_keptBytes > _options.HistoryBytes && _kept.Count > 1)
            || (_kept.TryPeek(out var oldest) && _clock.GetElapsedTime(oldest.Timestamp, now) > _options.HistoryAge))
        {
            ForgetOldest();
        }
    }

    private void ForgetOldest()
    {
        var oldest = _kept.Dequeue();
        oldest.Collection.RemoveOldest();
        _keptBytes -= oldest.Bytes;
        Volatile.Write(ref _compacted, _state.Revision - _kept.Count);
    }

    private readonly record struct Kept(CollectionHistory Collection, long Timestamp, int Bytes);
}
