using System.Diagnostics;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ControllerRuntime.Backoff;

namespace KubeAspire.ControllerRuntime.Queue;

/// <summary>The queue between a controller's watches and its workers, with upstream's semantics.</summary>
/// <remarks>
/// <para>
/// Three sets, as client-go's workqueue. <c>dirty</c>: needs a pass. <c>processing</c>: a worker has it. <c>queue</c>: the order.
/// Invariants, true whenever the lock is free:
/// (1) every key in <c>queue</c> is in <c>dirty</c> and not in <c>processing</c>;
/// (2) every key in <c>dirty</c> and not in <c>processing</c> is in <c>queue</c> exactly once;
/// (3) a key that is added while it is worked on stays in <c>dirty</c> and enters <c>queue</c> when the worker completes it,
/// so a change is never lost and no key is worked on by two workers.
/// </para>
/// <para>Memory is bounded by the distinct keys, at most <see cref="MaximumKeys"/> of them waiting and as many delayed.</para>
/// </remarks>
public sealed class WorkQueue : IWorkQueue, IDisposable
{
    /// <summary>Most keys that wait at once: an order of magnitude more objects than one controller can hold. 2,000,000 keys.</summary>
    public const int MaximumKeys = 2_000_000;

    /// <summary>Retries per second over all keys. 10/s, client-go's default bucket.</summary>
    public const double RetriesPerSecond = 10;

    /// <summary>Retries that may happen at once. 100, client-go's default bucket.</summary>
    public const double RetryBurst = 100;

    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, (ActivityContext Cause, long Since)> _dirty = [];
    private readonly Dictionary<ObjectKey, (ActivityContext Cause, long Since)> _processing = [];
    private readonly Queue<ObjectKey> _queue = new();
    private readonly DelayedKeys _delayed = new();
    private readonly Dictionary<ObjectKey, int> _failures = [];

    // One permit per key in the queue, and one more, passed from taker to taker, after a shut-down.
    private readonly SemaphoreSlim _available = new(0);
    private readonly TimeProvider _clock;
    private readonly TokenBucket _retries;
    private readonly ITimer _timer;
    private bool _shutDown;

    /// <summary>A queue without keys.</summary>
    /// <param name="name">The controller; the metrics' <c>name</c>.</param>
    /// <param name="clock">The clock.</param>
    public WorkQueue(string name, TimeProvider clock)
    {
        Name = name;
        _clock = clock;
        _retries = new TokenBucket(clock, RetriesPerSecond, RetryBurst);
        _timer = clock.CreateTimer(static queue => ((WorkQueue)queue!).MoveDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The controller the queue belongs to.</summary>
    public string Name { get; }

    /// <summary>Keys that wait for a worker.</summary>
    public int Depth
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Keys that wait for their instant.</summary>
    public int Delayed
    {
        get
        {
            lock (_gate)
            {
                return _delayed.Count;
            }
        }
    }

    /// <summary>Failures of a key since it was last forgotten.</summary>
    public int FailuresOf(ObjectKey key)
    {
        lock (_gate)
        {
            return _failures.GetValueOrDefault(key);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException"><see cref="MaximumKeys"/> keys wait already.</exception>
    public void Add(ObjectKey key, ActivityContext cause = default)
    {
        lock (_gate)
        {
            AddLocked(key, cause);
        }
    }

    /// <inheritdoc/>
    public void AddAfter(ObjectKey key, TimeSpan delay)
    {
        lock (_gate)
        {
            AddAfterLocked(key, delay, default);
        }
    }

    /// <inheritdoc/>
    public void AddRateLimited(ObjectKey key)
    {
        lock (_gate)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures == int.MaxValue ? failures : failures + 1;
            var own = ExponentialBackoff.Delay(failures);
            var overall = _retries.Reserve();

            // A retry belongs to the change that made the pass fail, so it stays in that trace.
            var cause = _processing.TryGetValue(key, out var current) ? current.Cause : default;
            QueueInstruments.Retried(Name);
            AddAfterLocked(key, own > overall ? own : overall, cause);
        }
    }

    /// <inheritdoc/>
    public void Forget(ObjectKey key)
    {
        lock (_gate)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>Takes the next key; waits for one where there is none.</summary>
    /// <returns>The key, or null once the queue is shut down and drained.</returns>
    public async Task<WorkItem?> TakeAsync(CancellationToken cancellationToken)
    {
        await _available.WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (!_queue.TryDequeue(out var key))
            {
                // Only a shut-down leaves a permit without a key; the next taker needs it too.
                _available.Release();
                return null;
            }

            _dirty.Remove(key, out var entry);
            var waited = _clock.GetElapsedTime(entry.Since);
            _processing[key] = (entry.Cause, _clock.GetTimestamp());
            QueueInstruments.Taken(Name, waited);
            return new WorkItem(key, entry.Cause, waited);
        }
    }

    /// <summary>Gives a taken key back; it is queued again where it was added meanwhile.</summary>
    public void Complete(ObjectKey key)
    {
        lock (_gate)
        {
            if (!_processing.Remove(key, out var entry))
            {
                return;
            }

            QueueInstruments.Worked(Name, _clock.GetElapsedTime(entry.Since));
            if (_dirty.ContainsKey(key))
            {
                Enqueue(key);
            }
        }
    }

    /// <summary>Takes no more keys, forgets the delayed ones, and lets takers drain what waits.</summary>
    public void ShutDown()
    {
        lock (_gate)
        {
            if (_shutDown)
            {
                return;
            }

            _shutDown = true;
            _delayed.Clear();
            _available.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ShutDown();
        _timer.Dispose();
    }

    private void AddLocked(ObjectKey key, ActivityContext cause)
    {
        if (_shutDown)
        {
            return;
        }

        if (_dirty.TryGetValue(key, out var waiting))
        {
            if (waiting.Cause == default && cause != default)
            {
                _dirty[key] = (cause, waiting.Since);
            }

            return;
        }

        if (_dirty.Count >= MaximumKeys)
        {
            throw new InvalidOperationException($"work queue {Name} holds {MaximumKeys} keys: something adds keys that are no objects");
        }

        _dirty[key] = (cause, _clock.GetTimestamp());
        QueueInstruments.Added(Name);
        if (!_processing.ContainsKey(key))
        {
            Enqueue(key);
        }
    }

    private void Enqueue(ObjectKey key)
    {
        _queue.Enqueue(key);
        QueueInstruments.Entered(Name);
        _available.Release();
    }

    private void AddAfterLocked(ObjectKey key, TimeSpan delay, ActivityContext cause)
    {
        if (_shutDown)
        {
            return;
        }

        if (delay <= TimeSpan.Zero)
        {
            AddLocked(key, cause);
            return;
        }

        if (_delayed.Count >= MaximumKeys)
        {
            throw new InvalidOperationException($"work queue {Name} delays {MaximumKeys} keys: something adds keys that are no objects");
        }

        if (_delayed.Add(key, _clock.GetTimestamp() + (long)(delay.TotalSeconds * _clock.TimestampFrequency), cause))
        {
            SetTimer();
        }
    }

    private void MoveDue()
    {
        lock (_gate)
        {
            while (_delayed.TryTake(_clock.GetTimestamp(), out var key, out var cause))
            {
                AddLocked(key, cause);
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (_delayed.NextDue() is not { } due)
        {
            return;
        }

        var wait = TimeSpan.FromSeconds(Math.Max(0, due - _clock.GetTimestamp()) / (double)_clock.TimestampFrequency);

        // System timers count whole milliseconds and round down; a tick more keeps the callback from coming a moment too soon and again.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(wait.TotalMilliseconds), int.MaxValue)), Timeout.InfiniteTimeSpan);
    }
}
