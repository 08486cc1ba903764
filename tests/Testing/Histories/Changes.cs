using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>One change of a store.</summary>
/// <param name="Revision">Its revision.</param>
/// <param name="Key">What was changed.</param>
/// <param name="Id">The text that it stored; of a delete, the text that went.</param>
/// <param name="Deleted">Whether the object went.</param>
/// <param name="Invoked">When the write was called, as far as known; else 0.</param>
public sealed record Change(long Revision, string Key, string Id, bool Deleted, long Invoked)
{
    /// <summary>The change of this key before; null for a first one.</summary>
    public Change? Before { get; set; }

    /// <summary>Whether there was an object before.</summary>
    public bool Existed => Before is { Deleted: false };
}

/// <summary>Every change of a store in the order of revisions, put together from what its clients were told.</summary>
/// <remarks>A write whose end is not known counts where somebody saw its text or, of a delete, the object go.</remarks>
public sealed class Changes
{
    private readonly SortedDictionary<long, Change> _all = [];
    private readonly Dictionary<string, List<Change>> _ofKey = [];
    private readonly List<string> _problems = [];

    /// <summary>Puts the history together.</summary>
    /// <param name="operations">All calls.</param>
    /// <param name="watched">All events of all watches: they tell of writes whose callers died.</param>
    public Changes(IReadOnlyList<Operation> operations, IEnumerable<WatchedEvent> watched)
    {
        foreach (var write in operations.Where(operation => operation.IsCommitted))
        {
            Put(new Change(write.Revision, write.Key, write.Kind == OperationKind.Delete ? write.Expected.Id : write.Written!, write.Kind == OperationKind.Delete, write.Invoked));
        }

        ResolveUnknown(operations, [.. watched]);
        foreach (var change in _all.Values)
        {
            if (!_ofKey.TryGetValue(change.Key, out var list))
            {
                _ofKey[change.Key] = list = [];
            }

            change.Before = list.Count == 0 ? null : list[^1];
            list.Add(change);
        }
    }

    /// <summary>The changes, by revision.</summary>
    public IEnumerable<Change> All => _all.Values;

    /// <summary>What does not go together at all, such as two writes of one revision.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The change of a revision, or null.</summary>
    public Change? At(long revision) => _all.GetValueOrDefault(revision);

    /// <summary>The last change of a key up to a revision, or null.</summary>
    public Change? Last(string key, long revision)
    {
        if (!_ofKey.TryGetValue(key, out var list))
        {
            return null;
        }

        var (low, high) = (0, list.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = list[middle].Revision <= revision ? (middle + 1, high) : (low, middle);
        }

        return low == 0 ? null : list[low - 1];
    }

    /// <summary>The changes of a key after a revision.</summary>
    public IEnumerable<Change> After(string key, long revision) => _ofKey.TryGetValue(key, out var list) ? list.Where(change => change.Revision > revision) : [];

    /// <summary>The objects there were at a revision, by key.</summary>
    public IEnumerable<Seen> State(long revision) => _ofKey.Keys.Order(StringComparer.Ordinal).Select(key => Last(key, revision))
        .Where(change => change is { Deleted: false }).Select(change => new Seen(change!.Key, change.Revision, change.Id));

    private void Put(Change change)
    {
        if (!_all.TryAdd(change.Revision, change) && _all[change.Revision] with { Invoked = 0, Before = null } != change with { Invoked = 0, Before = null })
        {
            _problems.Add($"revision {change.Revision} is both {_all[change.Revision].Key}={_all[change.Revision].Id} and {change.Key}={change.Id}");
        }
    }

    private void ResolveUnknown(IReadOnlyList<Operation> operations, IReadOnlyList<WatchedEvent> watched)
    {
        var unknown = operations.Where(operation => operation is { IsWrite: true, Outcome: null }).ToList();
        if (unknown.Count == 0)
        {
            return;
        }

        var byText = unknown.Where(write => write.Written is not null).ToDictionary(write => write.Written!);
        var sights = operations.SelectMany(operation => (operation.Listed ?? []).Concat(operation.Found is { } found ? [found] : []))
            .Concat(watched.Where(seen => !seen.Deleted).Select(seen => new Seen(seen.Key, seen.Revision, seen.Id)));
        foreach (var seen in sights)
        {
            if (byText.TryGetValue(seen.Id, out var write))
            {
                Put(new Change(seen.Revision, seen.Key, seen.Id, false, write.Invoked));
            }
        }

        foreach (var gone in watched.Where(seen => seen.Deleted && !_all.ContainsKey(seen.Revision)))
        {
            if (unknown.FirstOrDefault(write => write.Kind == OperationKind.Delete && write.Key == gone.Key && write.Expected.Id == gone.Id) is { } write)
            {
                Put(new Change(gone.Revision, gone.Key, gone.Id, true, write.Invoked));
            }
        }
    }
}
