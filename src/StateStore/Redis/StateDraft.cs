using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore.Redis;

/// <summary>A state in the making: a published one with some changes upon it, not yet visible to anybody.</summary>
/// <param name="history">Knows the collections.</param>
/// <param name="start">The published state.</param>
/// <param name="edit">Marks the nodes that are this draft's own; used once in a process.</param>
internal sealed class StateDraft(EventHistory history, StoreState start, long edit)
{
    private EntryNode?[]? _roots;

    /// <summary>The revision reached.</summary>
    public long Revision { get; private set; } = start.Revision;

    /// <summary>Where history is to be forgotten up to; 0 for nowhere.</summary>
    public long CompactTo { get; private set; }

    /// <summary>The changes, in revision order.</summary>
    public List<(CollectionHistory Collection, StateEvent Change)> Changes { get; } = [];

    /// <summary>The state with the changes.</summary>
    public StoreState State => _roots is null ? start with { Revision = Revision } : new StoreState(Revision, _roots);

    /// <summary>The entry of a key; null where there is none.</summary>
    public StateEntry? Find(StateKey key)
    {
        var index = history.Find(key.Collection)?.Index ?? -1;
        var roots = _roots ?? start.Roots;
        return (uint)index < (uint)roots.Length ? EntryTree.Find(roots[index], key.Namespace, key.Name) : null;
    }

    /// <summary>Stores an entry; its revision is the draft's next.</summary>
    public void Put(StateEntry entry, StateEntry? before)
    {
        ref var root = ref RootOf(entry.Key.Collection, out var collection);
        root = EntryTree.Put(root, entry, edit);
        Revision = entry.Revision;
        Changes.Add((collection, new StateEvent(entry, before, Deleted: false)));
    }

    /// <summary>Removes an entry.</summary>
    /// <param name="tombstone">Its last state with the revision of the delete, the draft's next.</param>
    /// <param name="before">The entry.</param>
    public void Remove(StateEntry tombstone, StateEntry before)
    {
        ref var root = ref RootOf(before.Key.Collection, out var collection);
        root = EntryTree.Remove(root!, before.Key.Namespace, before.Key.Name, edit);
        Revision = tombstone.Revision;
        Changes.Add((collection, new StateEvent(tombstone, before, Deleted: true)));
    }

    /// <summary>Forgets history up to a revision.</summary>
    public void Compact(long revision) => CompactTo = Math.Max(CompactTo, Math.Min(revision, Revision));

    /// <summary>Takes an entry of a snapshot, which is no change.</summary>
    public void Load(StateEntry entry)
    {
        ref var root = ref RootOf(entry.Key.Collection, out _);
        root = EntryTree.Put(root, entry, edit);
    }

    /// <summary>Takes a record of the log.</summary>
    /// <returns>What is wrong with it; null where nothing is.</returns>
    public string? Apply(ReadOnlySpan<byte> record, KeyInterner keys)
    {
        var reader = new RecordReader(record);
        var kind = (RecordKind)reader.Byte();
        if (kind == RecordKind.Compact)
        {
            Compact(reader.Int64());
            return reader.Failed ? "a compaction without its revision" : null;
        }

        if (kind is not (RecordKind.Put or RecordKind.Delete))
        {
            return $"a record of unknown kind {(int)kind}";
        }

        var key = keys.Intern(reader.Text(), reader.Text(), reader.Text());
        var before = Find(key);
        if (kind == RecordKind.Delete)
        {
            if (reader.Failed || before is null)
            {
                return $"a delete of {key}, which is not there";
            }

            Remove(RevisionDigits.Tombstone(before, Revision + 1), before);
            return null;
        }

        var revisionAt = reader.Int32();
        var json = reader.Take(reader.Remaining).ToArray();
        var entry = new StateEntry(before?.Key ?? key, before?.CreateRevision ?? Revision + 1, Revision + 1, json, revisionAt);
        if (reader.Failed || !RevisionDigits.Holds(entry))
        {
            return "a put whose fields do not fit together";
        }

        Put(entry, before);
        return null;
    }

    private ref EntryNode? RootOf(string name, out CollectionHistory collection)
    {
        collection = history.GetOrAdd(name);
        _roots ??= (EntryNode?[])start.Roots.Clone();
        if (collection.Index >= _roots.Length)
        {
            Array.Resize(ref _roots, collection.Index + 1);
        }

        return ref _roots[collection.Index];
    }
}
