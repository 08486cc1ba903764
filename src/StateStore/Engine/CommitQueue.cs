namespace KubeAspire.StateStore.Engine;

/// <summary>
/// Brings concurrent writers to the one <see cref="StateWriter"/>. A writer who finds nobody at work commits on its own thread, with no
/// hop at all; whoever comes meanwhile is queued, and a thread of the store commits what is queued in batches until the queue is empty.
/// </summary>
internal sealed class CommitQueue : IDisposable
{
    /// <summary>Writes waiting at most; more callers wait for a place. 4,096: some batches.</summary>
    public const int MaxQueued = 4_096;

    /// <summary>Writes in one batch at most. 1,024: about a millisecond of work beside one fdatasync.</summary>
    public const int MaxBatchWrites = 1_024;

    /// <summary>Bytes of values after which a batch is closed. 4 MiB.</summary>
    public const int MaxBatchBytes = 4 << 20;

    // On a disk slower than this a caller's thread is not held up for a commit: it may be one of few in the pool.
    private static readonly TimeSpan InlineMost = TimeSpan.FromMilliseconds(2);
    private const int PooledMost = 256;

    private readonly Lock _gate = new();
    private readonly StateWriter _writer;
    private readonly bool _ownThread;
    private readonly SemaphoreSlim _places = new(MaxQueued);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Queue<WriteRequest> _queued = new();
    private readonly Stack<WriteRequest> _pool = new();
    private readonly List<WriteRequest> _inline = [];
    private readonly List<WriteRequest> _batch = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? _thread;
    private bool _busy;
    private bool _closed;
    private bool _ended;

    /// <summary>A queue before a writer.</summary>
    /// <param name="writer">Commits the batches.</param>
    /// <param name="ownThread">Whether what is queued is committed on a thread of the store; otherwise on that of the inline committer, so that a test has one order of things.</param>
    public CommitQueue(StateWriter writer, bool ownThread) => (_writer, _ownThread) = (writer, ownThread);

    /// <summary>Queues a write; completes when it is durable, or refused upon what is durable.</summary>
    public ValueTask<StateWrite> SubmitAsync(WriteKind kind, StateKey key, StateValue value, long expected, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _places.Wait(0, CancellationToken.None) ? Submit(kind, key, value, expected) : WaitAndSubmitAsync(kind, key, value, expected, cancellationToken);
    }

    /// <summary>Refuses new writes and waits until those under way are done.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            if (!_busy)
            {
                _drained.TrySetResult();
            }
        }

        return _drained.Task;
    }

    /// <summary>Ends the thread. After <see cref="CloseAsync"/>.</summary>
    public void Dispose()
    {
        if (_thread is { } thread)
        {
            Volatile.Write(ref _ended, true);
            _wake.Release();
            thread.Join();
        }

        _places.Dispose();
        _wake.Dispose();
    }

    /// <summary>Takes back a request whose result has been taken.</summary>
    public void Return(WriteRequest request)
    {
        request.Clear();
        lock (_gate)
        {
            if (_pool.Count < PooledMost)
            {
                _pool.Push(request);
            }
        }
    }

    private async ValueTask<StateWrite> WaitAndSubmitAsync(WriteKind kind, StateKey key, StateValue value, long expected, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        return await Submit(kind, key, value, expected);
    }

    private ValueTask<StateWrite> Submit(WriteKind kind, StateKey key, StateValue value, long expected)
    {
        WriteRequest request;
        bool inline, wake;
        lock (_gate)
        {
            if (_closed)
            {
                _places.Release();
                throw new ObjectDisposedException(nameof(IStateEngine));
            }

            request = _pool.TryPop(out var pooled) ? pooled : new WriteRequest(this);
            request.Set(kind, key, value, expected);
            inline = !_busy && _writer.LastSync <= InlineMost;
            wake = !_busy && !inline;
            _busy = true;
            if (!inline)
            {
                _queued.Enqueue(request);
            }
        }

        if (!inline)
        {
            if (wake)
            {
                WakeThread();
            }

            return request.Task;
        }

        _inline.Add(request);
        Exception? failure;
        try
        {
            failure = _writer.Commit(_inline);
            _writer.WakeWatches();
            _writer.Maintain();
        }
        finally
        {
            _inline.Clear();
            Leave();
        }

        var result = request.Result;
        Return(request);
        return failure is null ? new ValueTask<StateWrite>(result) : ValueTask.FromException<StateWrite>(failure);
    }

    // The inline committer goes; the thread takes over what has come meanwhile.
    private void Leave()
    {
        bool wake;
        lock (_gate)
        {
            wake = _queued.Count > 0;
            _busy = wake;
            if (!wake && _closed)
            {
                _drained.TrySetResult();
            }
        }

        _places.Release();
        if (wake)
        {
            WakeThread();
        }
    }

    private void WakeThread()
    {
        if (!_ownThread)
        {
            CommitQueued();
            return;
        }

        if (_thread is null)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = "state store commits" };
            _thread.Start();
        }

        _wake.Release();
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            if (Volatile.Read(ref _ended))
            {
                return;
            }

            CommitQueued();
        }
    }

    private void CommitQueued()
    {
        while (TakeBatch())
        {
            var failure = _writer.Commit(_batch);
            _places.Release(_batch.Count);
            foreach (var request in _batch)
            {
                request.Complete(failure);
            }

            _writer.WakeWatches();
            _writer.Maintain();
        }
    }

    private bool TakeBatch()
    {
        _batch.Clear();
        lock (_gate)
        {
            long bytes = 0;
            while (_batch.Count < MaxBatchWrites && bytes < MaxBatchBytes && _queued.TryDequeue(out var request))
            {
                bytes += request.Value.Json.Length;
                _batch.Add(request);
            }

            if (_batch.Count > 0)
            {
                return true;
            }

            _busy = false;
            if (_closed)
            {
                _drained.TrySetResult();
            }

            return false;
        }
    }
}
