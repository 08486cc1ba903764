using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore.Redis;

/// <summary>
/// The state as this silo has it: the log up to some entry, applied in order. Fed by the follower, and by the owner of the store where that
/// is on this silo; whoever has the next entry first applies it, the other finds it done.
/// </summary>
internal sealed class Replica(EventHistory history, Guid store)
{
    private readonly Lock _gate = new();
    private readonly KeyInterner _keys = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private readonly List<StateWatch> _wake = [];
    private LogPosition _position;
    private readonly CommittedCalls _calls = new();
    private long _index;
    private long _edits;
    private long _logBytes;

    /// <summary>Told, under the lock, of every call that an applied entry holds, with what it stored or removed.</summary>
    public Action<WriteTicket, StateEntry>? OnCommitted { get; set; }

    /// <summary>Told, under the lock, who has taken the store over: the writer, and the name of its silo.</summary>
    public Action<Guid, string>? OnTakeover { get; set; }

    /// <summary>Told, under the lock, that the state has jumped to that of a snapshot.</summary>
    public Action<LogPosition>? OnJumped { get; set; }

    /// <summary>The store that this is a replica of.</summary>
    public Guid Store => store;

    /// <summary>State and changes.</summary>
    public EventHistory History => history;

    /// <summary>Where in the log the published state is. For comparison with <see cref="StoreState"/>: <see cref="Look"/>.</summary>
    public long Index => Volatile.Read(ref _index);

    /// <summary>Bytes of log applied since the last snapshot was loaded or written.</summary>
    public long LogBytes => Interlocked.Read(ref _logBytes);

    /// <summary>The published state together with its place in the log.</summary>
    public (StoreState State, LogPosition Position) Look()
    {
        lock (_gate)
        {
            return (history.State, _position);
        }
    }

    /// <summary>Asks which entry has a call.</summary>
    public T WithCalls<T>(Func<CommittedCalls, T> ask)
    {
        lock (_gate)
        {
            return ask(_calls);
        }
    }

    /// <summary>A draft upon the published state.</summary>
    public StateDraft Draft() => new(history, history.State, Interlocked.Increment(ref _edits));

    /// <summary>A draft upon nothing, for a snapshot.</summary>
    public StateDraft EmptyDraft() => new(history, new StoreState(EmbeddedStateEngine.FirstRevision, []), Interlocked.Increment(ref _edits));

    /// <summary>Applies an entry read from the log.</summary>
    /// <returns>Whether it was the next one, or one applied before; otherwise entries between are missing.</returns>
    /// <exception cref="StateStoreCorruptException">It is not what was written.</exception>
    public bool Apply(long index, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (index <= _position.Index)
            {
                return true;
            }

            if (index != _position.Index + 1)
            {
                return false;
            }

            var wrong = LogEntry.Decode(bytes, _position, out var entry, out var crc);
            var draft = Draft();
            wrong ??= entry.Kind == LogEntryKind.Takeover ? null : ApplyRecords(entry, draft);
            if (wrong is not null)
            {
                throw new StateStoreCorruptException("the log in Redis", index, wrong);
            }

            if (entry.Kind == LogEntryKind.Takeover)
            {
                OnTakeover?.Invoke(entry.Writer, entry.WriterName);
            }

            Publish(new LogPosition(index, crc), draft, entry.Tickets, bytes.Length);
        }

        Wake();
        return true;
    }

    /// <summary>Publishes what the owner on this silo has just appended, unless the follower was faster.</summary>
    public void Publish(LogPosition before, LogPosition after, StateDraft draft, IReadOnlyList<WriteTicket> tickets, int bytes)
    {
        lock (_gate)
        {
            if (_position == before)
            {
                Publish(after, draft, tickets, bytes);
            }
        }

        Wake();
    }

    /// <summary>Jumps to the state of a snapshot: at the start, and where the log was trimmed under a silo that slept.</summary>
    public void Jump(StateDraft loaded, RedisSnapshot snapshot)
    {
        lock (_gate)
        {
            if (snapshot.Position.Index <= _position.Index && _position.Index > 0)
            {
                return;
            }

            history.Reset(loaded.State with { Revision = snapshot.Revision }, _wake);
            MoveTo(snapshot.Position);
            _calls.Reset(snapshot.Position.Index);
            Interlocked.Exchange(ref _logBytes, 0);
            OnJumped?.Invoke(snapshot.Position);
            Release();
        }

        Wake();
    }

    /// <summary>Counts the log anew: a snapshot has been written.</summary>
    public void OnSnapshot(long bytesBefore) => Interlocked.Add(ref _logBytes, -bytesBefore);

    /// <summary>Waits until an entry is applied.</summary>
    public Task WaitForAsync(long index, TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            if (index <= _position.Index)
            {
                return Task.CompletedTask;
            }

            waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(waiting, index);
        }

        return waiting.Task.WaitAsync(timeout, clock, cancellationToken);
    }

    private string? ApplyRecords(in LogEntry entry, StateDraft draft)
    {
        if (entry.FirstRevision != draft.Revision + 1)
        {
            return $"its first revision is {entry.FirstRevision}, after {draft.Revision}";
        }

        var reader = new RecordReader(entry.Records);
        while (reader.Remaining > 0)
        {
            var record = reader.Take(reader.Int32());
            if ((reader.Failed ? "a record is cut short" : draft.Apply(record, _keys)) is { } wrong)
            {
                return wrong;
            }
        }

        return entry.Tickets.Length == draft.Changes.Count ? null : $"{entry.Tickets.Length} calls for {draft.Changes.Count} changes";
    }

    // Under the lock.
    private void Publish(LogPosition after, StateDraft draft, IReadOnlyList<WriteTicket> tickets, int bytes)
    {
        if (draft.Changes.Count > 0)
        {
            history.Publish(draft.Changes, draft.State, _wake);
        }

        if (draft.CompactTo > 0)
        {
            history.Compact(draft.CompactTo);
        }

        for (var i = 0; i < tickets.Count; i++)
        {
            _calls.Add(tickets[i], after.Index);
            OnCommitted?.Invoke(tickets[i], draft.Changes[i].Change.Entry);
        }

        // Last: whoever sees the index and hears of no end of his call knows that the entries up to it do not have it.
        MoveTo(after);
        Interlocked.Add(ref _logBytes, bytes);
        Release();
    }

    private void MoveTo(LogPosition position)
    {
        _position = position;
        Volatile.Write(ref _index, position.Index);
    }

    private void Release()
    {
        while (_waiting.TryPeek(out var waiting, out var index) && index <= _position.Index)
        {
            _waiting.Dequeue();
            waiting.TrySetResult();
        }
    }

    private void Wake()
    {
        StateWatch[] woken;
        lock (_gate)
        {
            if (_wake.Count == 0)
            {
                return;
            }

            woken = [.. _wake];
            _wake.Clear();
        }

        foreach (var watch in woken)
        {
            watch.Wake();
        }
    }
}
