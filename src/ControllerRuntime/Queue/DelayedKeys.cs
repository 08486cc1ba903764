using System.Diagnostics;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ControllerRuntime.Queue;

/// <summary>Keys that come due later, earliest first. A key waits once: the earlier of two instants stands. Not thread-safe.</summary>
internal sealed class DelayedKeys
{
    private readonly PriorityQueue<ObjectKey, long> _order = new();
    private readonly Dictionary<ObjectKey, (long Due, ActivityContext Cause)> _due = [];

    /// <summary>How many keys wait.</summary>
    public int Count => _due.Count;

    /// <summary>Notes a key for an instant.</summary>
    /// <returns>Whether it is the earliest now, so that the timer must be set anew.</returns>
    public bool Add(ObjectKey key, long due, ActivityContext cause)
    {
        if (_due.TryGetValue(key, out var known))
        {
            if (known.Due <= due)
            {
                return false;
            }

            cause = known.Cause == default ? cause : known.Cause;
        }

        // The later entry of the key stays in the heap and is skipped when it comes up: its instant no longer matches.
        _due[key] = (due, cause);
        _order.Enqueue(key, due);
        return NextDue() == due;
    }

    /// <summary>The earliest instant, or null where no key waits.</summary>
    public long? NextDue()
    {
        while (_order.TryPeek(out var key, out var due))
        {
            if (_due.TryGetValue(key, out var known) && known.Due == due)
            {
                return due;
            }

            _order.Dequeue();
        }

        return null;
    }

    /// <summary>Takes a key that is due.</summary>
    public bool TryTake(long now, out ObjectKey key, out ActivityContext cause)
    {
        if (NextDue() is { } due && due <= now)
        {
            key = _order.Dequeue();
            _due.Remove(key, out var known);
            cause = known.Cause;
            return true;
        }

        (key, cause) = (default, default);
        return false;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _order.Clear();
        _due.Clear();
    }
}
