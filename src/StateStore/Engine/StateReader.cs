using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore.Engine;

/// <summary>Lists, at the newest revision from the tree, at an older one from the tree with the changes since taken back.</summary>
internal static class StateReader
{
    public static StatePage List(EventHistory history, StateRange range, long revision, int limit, StateKey? after)
    {
        var state = history.State;
        StateEvent[] since = [];
        if (revision > state.Revision)
        {
            return new StatePage(StateReadOutcome.Future, [], state.Revision, false, 0);
        }

        if (revision != 0 && revision != state.Revision)
        {
            if (history.ChangesSince(range.Collection, revision, out state) is not { } changes)
            {
                return new StatePage(StateReadOutcome.Compacted, [], state.Revision, false, 0);
            }

            since = changes;
        }

        var root = history.Find(range.Collection) is { } collection ? state.RootOf(collection.Index) : null;
        revision = revision == 0 ? state.Revision : revision;
        var from = range.Namespace is { } ns ? new EntryBound(ns, range.Name ?? "") : EntryBound.Start;
        if (after is { } last && EntryBound.After(last).CompareTo(from) > 0)
        {
            from = EntryBound.After(last);
        }

        return range.Name is null && since.Length == 0
            ? FromTree(root, range, from, limit, revision)
            : FromMerge(Merge(root, from, range, Undo(since, range)), range, limit, revision);
    }

    // The common list: a copy of references, and the count of the rest by rank.
    private static StatePage FromTree(EntryNode? root, StateRange range, EntryBound from, int limit, long revision)
    {
        var end = range.Namespace is { } ns ? EntryTree.Rank(root, EntryBound.EndOf(ns)) : EntryTree.Count(root);
        var total = Math.Max(0, end - EntryTree.Rank(root, from));
        var entries = new StateEntry[limit == 0 ? total : Math.Min(limit, total)];
        EntryTree.CopyFrom(root, from, entries);
        return new StatePage(StateReadOutcome.Ok, entries, revision, total > entries.Length, total - entries.Length);
    }

    private static StatePage FromMerge(IEnumerable<StateEntry> source, StateRange range, int limit, long revision)
    {
        var entries = new List<StateEntry>();
        long remaining = 0;
        foreach (var entry in source)
        {
            if (range.Namespace is { } ns && ns != entry.Key.Namespace)
            {
                break;
            }

            if (range.Name is { } name && name != entry.Key.Name)
            {
                if (range.Namespace is not null && string.CompareOrdinal(entry.Key.Name, name) > 0)
                {
                    break; // The one there could be is past.
                }

                continue;
            }

            if (limit == 0 || entries.Count < limit)
            {
                entries.Add(entry);
            }
            else
            {
                remaining++;
            }
        }

        return new StatePage(StateReadOutcome.Ok, entries, revision, remaining > 0, remaining);
    }

    // For each object changed since, what it was before the first of its changes.
    private static List<(EntryBound At, StateEntry? Was)> Undo(StateEvent[] since, StateRange range)
    {
        var before = new Dictionary<EntryBound, StateEntry?>();
        foreach (var change in since)
        {
            if (range.Contains(change.Entry.Key))
            {
                before.TryAdd(new EntryBound(change.Entry.Key.Namespace, change.Entry.Key.Name), change.Previous);
            }
        }

        var undo = before.Select(item => (At: item.Key, Was: item.Value)).ToList();
        undo.Sort(static (left, right) => left.At.CompareTo(right.At));
        return undo;
    }

    private static IEnumerable<StateEntry> Merge(EntryNode? root, EntryBound from, StateRange range, List<(EntryBound At, StateEntry? Was)> undo)
    {
        var at = 0;
        while (at < undo.Count && undo[at].At.CompareTo(from) < 0)
        {
            at++;
        }

        foreach (var entry in EntryTree.From(root, from))
        {
            if (range.Namespace is { } ns && entry.Key.Namespace != ns)
            {
                break;
            }

            var bound = new EntryBound(entry.Key.Namespace, entry.Key.Name);
            var replaced = false;
            while (at < undo.Count && undo[at].At.CompareTo(bound) is var order && order <= 0)
            {
                replaced |= order == 0;
                if (undo[at++].Was is { } was)
                {
                    yield return was;
                }
            }

            if (!replaced)
            {
                yield return entry;
            }
        }

        for (; at < undo.Count; at++)
        {
            if (undo[at].Was is { } was)
            {
                yield return was;
            }
        }
    }
}
