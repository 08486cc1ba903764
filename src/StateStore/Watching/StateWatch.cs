using System.Threading.Tasks.Sources;

namespace KubeAspire.StateStore.Watching;

/// <summary>A cursor into <see cref="EventHistory"/>. While it waits it stands in its collection's list and costs nothing else.</summary>
/// <remarks>Whoever takes it off that list, under the history's lock, is the one who completes the wait.</remarks>
internal sealed class StateWatch : IStateWatch, IValueTaskSource<StateWatchBatch>, IThreadPoolWorkItem
{
    // A timer may fire a little before its time; the rest is waited for, at least this long.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    // Longer waits than a timer takes are cut; the caller gets its empty batch then. 24 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(24);

    private readonly EventHistory _history;
    private readonly CollectionHistory _collection;
    private readonly StateRange _range;
    private ManualResetValueTaskSourceCore<StateWatchBatch> _source;
    private ITimer? _timer;
    private long _waitingSince;
    private TimeSpan _maxWait;
    private CancellationToken _token;
    private CancellationTokenRegistration _registration;
    private bool _waiting;
    private bool _disposed;

    public StateWatch(EventHistory history, StateRange range, long afterRevision)
    {
        (_history, _range, Cursor) = (history, range, afterRevision);
        _collection = history.GetOrAdd(range.Collection);
        _source.RunContinuationsAsynchronously = true;
    }

    /// <summary>Everything of the range up to here has been returned. Under the history's lock while waiting.</summary>
    public long Cursor { get; set; }

    /// <inheritdoc/>
    public ValueTask<StateWatchBatch> NextAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_history.Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed || _history.Closed, this);
            if (_waiting)
            {
                throw new InvalidOperationException("A watch is not for concurrent use.");
            }

            if (TryRead(out var batch) || maxWait <= TimeSpan.Zero)
            {
                return new ValueTask<StateWatchBatch>(batch);
            }

            _source.Reset();
            _token = cancellationToken;
            _maxWait = maxWait < LongestWait ? maxWait : LongestWait;
            _waitingSince = _history.Clock.GetTimestamp();
            _timer ??= _history.Clock.CreateTimer(static watch => ((StateWatch)watch!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(_maxWait, Timeout.InfiniteTimeSpan);
            _waiting = true;
            _collection.Waiting.Add(this);
        }

        // Outside the lock: a token already cancelled runs the callback here and now.
        var result = new ValueTask<StateWatchBatch>(this, _source.Version);
        _registration = cancellationToken.UnsafeRegister(static watch => ((StateWatch)watch!).OnCancelled(), this);
        return result;
    }

    /// <summary>Whether any change from an index on is of the range and unseen. Under the history's lock.</summary>
    public bool Wants(CollectionHistory collection, int first)
    {
        for (var i = first; i < collection.Count; i++)
        {
            var change = collection[i];
            if (change.Entry.Revision > Cursor && _range.Contains(change.Entry.Key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Notes that the watch has been taken off the list. Under the history's lock.</summary>
    public void MarkWoken(long cursor)
    {
        _waiting = false;
        Cursor = cursor;
    }

    /// <summary>Completes the wait of a watch marked as woken, on the thread pool.</summary>
    public void Wake() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        StateWatchBatch batch;
        bool closed;
        lock (_history.Gate)
        {
            TryRead(out batch);
            closed = _history.Closed;
        }

        if (closed && batch.Events.Count == 0)
        {
            _source.SetException(new ObjectDisposedException(nameof(IStateEngine)));
        }
        else
        {
            _source.SetResult(batch);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        bool ends;
        lock (_history.Gate)
        {
            _disposed = true;
            ends = Leave();
        }

        _timer?.Dispose();
        if (ends)
        {
            _source.SetException(new ObjectDisposedException(nameof(IStateWatch)));
        }
    }

    /// <inheritdoc/>
    StateWatchBatch IValueTaskSource<StateWatchBatch>.GetResult(short token)
    {
        _registration.Unregister();
        return _source.GetResult(token);
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<StateWatchBatch>.GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<StateWatchBatch>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private bool TryRead(out StateWatchBatch batch)
    {
        var cursor = Cursor;
        var any = _history.TryRead(_collection, _range, ref cursor, out batch);
        Cursor = cursor;
        return any;
    }

    private bool Leave()
    {
        if (!_waiting)
        {
            return false;
        }

        _waiting = false;
        _collection.Waiting.Remove(this);
        return true;
    }

    private void OnTimer()
    {
        StateWatchBatch batch;
        lock (_history.Gate)
        {
            if (!_waiting)
            {
                return;
            }

            var rest = _maxWait - _history.Clock.GetElapsedTime(_waitingSince);
            if (rest > TimeSpan.Zero)
            {
                _timer!.Change(rest > ShortestWait ? rest : ShortestWait, Timeout.InfiniteTimeSpan);
                return;
            }

            Leave();

            // It stood on the list, so it has seen all there is, compacted or not.
            Cursor = Math.Max(Cursor, _history.State.Revision);
            batch = new StateWatchBatch(StateReadOutcome.Ok, [], Cursor);
        }

        _source.SetResult(batch);
    }

    private void OnCancelled()
    {
        CancellationToken token;
        lock (_history.Gate)
        {
            // The callback of an earlier wait may come late; the token of this one tells.
            token = _token;
            if (!_waiting || !token.IsCancellationRequested)
            {
                return;
            }

            Leave();
        }

        _source.SetException(new OperationCanceledException(token));
    }
}
