using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Queue;

/// <summary>Pods that wait for a node. One taker.</summary>
/// <remarks>
/// Upstream's three places. Active: to be tried, the highest priority first, the longest waiting first among equals. Backoff: tried in
/// vain, to be tried again after a pause that grows. Unschedulable: tried in vain, waiting for a change in the cluster that may help;
/// after <see cref="QueueTimes.UnschedulableMax"/> tried all the same. A change that comes while a pod is being tried counts as well.
/// Bounded by the pods there are.
/// </remarks>
public sealed class SchedulingQueue : IDisposable
{
    /// <summary>How often it is looked who waits too long. 30 s, upstream's.</summary>
    public static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, QueuedPod> _pods = [];
    private readonly PriorityQueue<(QueuedPod Pod, long Version), (int Priority, long Order)> _active = new();
    private readonly PriorityQueue<(QueuedPod Pod, long Version), DateTimeOffset> _backoff = new();
    private readonly HashSet<QueuedPod> _unschedulable = [];
    private readonly HashSet<QueuedPod> _inFlight = [];
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly TimeProvider _clock;
    private readonly QueueTimes _times;
    private readonly ITimer _backoffTimer;
    private readonly ITimer _flushTimer;
    private long _order;
    private int _activeCount;
    private int _backoffCount;

    /// <summary>A queue without pods.</summary>
    public SchedulingQueue(TimeProvider clock, QueueTimes times)
    {
        (_clock, _times) = (clock, times);
        _backoffTimer = clock.CreateTimer(static queue => ((SchedulingQueue)queue!).EndBackoffs(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _flushTimer = clock.CreateTimer(static queue => ((SchedulingQueue)queue!).Flush(), this, FlushEvery, FlushEvery);
    }

    /// <summary>How many pods stand where: active, backoff, unschedulable.</summary>
    public (int Active, int Backoff, int Unschedulable) Counts
    {
        get
        {
            lock (_gate)
            {
                return (_activeCount, _backoffCount, _unschedulable.Count);
            }
        }
    }

    /// <summary>Adds a pod, or its newer version: a change of what it asks for lets it be tried again.</summary>
    public void AddOrUpdate(Pod pod)
    {
        lock (_gate)
        {
            var key = ObjectKey.Of(pod);
            if (!_pods.TryGetValue(key, out var known))
            {
                _pods[key] = known = new QueuedPod(pod, _clock.GetUtcNow());
                Activate(known);
                return;
            }

            var matters = Matters(known.Pod, pod);
            var priority = (known.Pod.Spec.Priority ?? 0) != (pod.Spec.Priority ?? 0);
            known.Pod = pod;
            switch (known.At)
            {
                case QueuedPod.Place.Unschedulable when matters:
                    Wake(known);
                    break;
                case QueuedPod.Place.InFlight when matters:
                    known.Missed = ClusterEvents.All;
                    break;
                case QueuedPod.Place.Active when priority:
                    Activate(known);
                    break;
            }
        }
    }

    /// <summary>Forgets a pod: it is gone, or has a node.</summary>
    public void Remove(ObjectKey key)
    {
        lock (_gate)
        {
            if (_pods.Remove(key, out var pod))
            {
                Leave(pod);
            }
        }
    }

    /// <summary>Takes the next pod; waits for one where none is active.</summary>
    public async Task<QueuedPod> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_gate)
            {
                while (_active.TryDequeue(out var next, out _))
                {
                    if (next.Version != next.Pod.Version)
                    {
                        continue;
                    }

                    Leave(next.Pod);
                    next.Pod.At = QueuedPod.Place.InFlight;
                    _inFlight.Add(next.Pod);
                    next.Pod.Attempts++;
                    next.Pod.Missed = ClusterEvents.None;
                    return next.Pod;
                }
            }

            await _signal.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gives back a pod that fits nowhere.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="wakesOn">The changes that may help it.</param>
    public void ReturnUnschedulable(QueuedPod pod, ClusterEvents wakesOn)
    {
        lock (_gate)
        {
            if (pod.At != QueuedPod.Place.InFlight)
            {
                return;
            }

            pod.WakesOn = wakesOn;
            pod.BackoffUntil = _clock.GetUtcNow() + _times.BackoffAfter(pod.Attempts);
            if ((pod.Missed & wakesOn) != 0)
            {
                Backoff(pod);
                return;
            }

            Leave(pod);
            pod.At = QueuedPod.Place.Unschedulable;
            pod.UnschedulableSince = _clock.GetUtcNow();
            _unschedulable.Add(pod);
        }
    }

    /// <summary>Gives back a pod that met an error: nothing about the cluster need change for it to be tried again.</summary>
    public void ReturnForRetry(QueuedPod pod)
    {
        lock (_gate)
        {
            if (pod.At == QueuedPod.Place.InFlight)
            {
                pod.BackoffUntil = _clock.GetUtcNow() + _times.BackoffAfter(pod.Attempts);
                Backoff(pod);
            }
        }
    }

    /// <summary>Gives back a pod that was not tried after all; it stays first in line.</summary>
    public void ReturnUntried(QueuedPod pod)
    {
        lock (_gate)
        {
            if (pod.At == QueuedPod.Place.InFlight)
            {
                pod.Attempts--;
                Activate(pod);
            }
        }
    }

    /// <summary>Says what changed in the cluster; pods that it may help are tried again.</summary>
    public void Wake(ClusterEvents events)
    {
        lock (_gate)
        {
            foreach (var pod in _inFlight)
            {
                pod.Missed |= events;
            }

            foreach (var pod in _unschedulable.Where(pod => (pod.WakesOn & events) != 0).ToList())
            {
                Wake(pod);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _backoffTimer.Dispose();
        _flushTimer.Dispose();
        _signal.Dispose();
    }

    // What is asked for, or what others select it by, changed. A status (our own condition, above all) must not wake its pod.
    private static bool Matters(Pod old, Pod pod) =>
        old.Metadata.Generation is null || old.Metadata.Generation != pod.Metadata.Generation || !Same(old.Metadata.Labels, pod.Metadata.Labels);

    private static bool Same(IReadOnlyDictionary<string, string>? left, IReadOnlyDictionary<string, string>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0) && (left is null || left.All(pair => right!.TryGetValue(pair.Key, out var value) && value == pair.Value));

    private void Wake(QueuedPod pod)
    {
        if (pod.BackoffUntil > _clock.GetUtcNow())
        {
            Backoff(pod);
        }
        else
        {
            Activate(pod);
        }
    }

    private void Activate(QueuedPod pod)
    {
        Leave(pod);
        pod.At = QueuedPod.Place.Active;
        _activeCount++;
        _active.Enqueue((pod, pod.Version), (-(pod.Pod.Spec.Priority ?? 0), _order++));
        if (_signal.CurrentCount == 0)
        {
            _signal.Release();
        }
    }

    private void Backoff(QueuedPod pod)
    {
        Leave(pod);
        pod.At = QueuedPod.Place.Backoff;
        _backoffCount++;
        _backoff.Enqueue((pod, pod.Version), pod.BackoffUntil);
        SetTimer();
    }

    // Out of wherever it stands; heaps notice by the version.
    private void Leave(QueuedPod pod)
    {
        pod.Version++;
        switch (pod.At)
        {
            case QueuedPod.Place.Active:
                _activeCount--;
                break;
            case QueuedPod.Place.Backoff:
                _backoffCount--;
                break;
            case QueuedPod.Place.Unschedulable:
                _unschedulable.Remove(pod);
                break;
            case QueuedPod.Place.InFlight:
                _inFlight.Remove(pod);
                break;
        }

        pod.At = QueuedPod.Place.Gone;
    }

    private void EndBackoffs()
    {
        lock (_gate)
        {
            while (_backoff.TryPeek(out var next, out var due) && (next.Version != next.Pod.Version || due <= _clock.GetUtcNow()))
            {
                _backoff.Dequeue();
                if (next.Version == next.Pod.Version)
                {
                    Activate(next.Pod);
                }
            }

            SetTimer();
        }
    }

    private void Flush()
    {
        lock (_gate)
        {
            var since = _clock.GetUtcNow() - _times.UnschedulableMax;
            foreach (var pod in _unschedulable.Where(pod => pod.UnschedulableSince <= since).ToList())
            {
                Wake(pod);
            }
        }
    }

    private void SetTimer()
    {
        if (_backoff.TryPeek(out _, out var due))
        {
            var wait = due - _clock.GetUtcNow();
            _backoffTimer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
