namespace KubeAspire.StateStore.Watching;

/// <summary>The changes kept of one collection, and who waits for the next. Everything under the lock of <see cref="EventHistory"/>.</summary>
internal sealed class CollectionHistory(string name, int index)
{
    private const int Initial = 16;
    private StateEvent[] _ring = new StateEvent[Initial];
    private int _head;

    public string Name { get; } = name;

    /// <summary>The collection's place in the roots of a state.</summary>
    public int Index { get; } = index;

    public int Count { get; private set; }

    /// <summary>The published revision up to which waiting watches have been told.</summary>
    public long Told { get; set; }

    /// <summary>Watches that have seen all there is.</summary>
    public List<StateWatch> Waiting { get; } = [];

    public StateEvent this[int at] => _ring[(_head + at) & (_ring.Length - 1)];

    public void Add(StateEvent change)
    {
        if (Count == _ring.Length)
        {
            var larger = new StateEvent[_ring.Length * 2];
            for (var i = 0; i < Count; i++)
            {
                larger[i] = this[i];
            }

            (_ring, _head) = (larger, 0);
        }

        _ring[(_head + Count++) & (_ring.Length - 1)] = change;
    }

    public void RemoveOldest()
    {
        _ring[_head] = null!;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        if (Count == 0 && _ring.Length > Initial)
        {
            (_ring, _head) = (new StateEvent[Initial], 0);
        }
    }

    /// <summary>Where the first change after a revision stands; <see cref="Count"/> where there is none.</summary>
    public int IndexAfter(long revision)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (this[middle].Entry.Revision <= revision)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
