using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore.Engine;

/// <summary>Builds the state from a snapshot and the log upon it, and the changes for history on the way.</summary>
internal sealed class StoreReplay(EventHistory history, int historyEvents) : ILogReplay
{
    // All of recovery is one edit: nothing is shared before it ends.
    private const long Edit = 0;
    private readonly KeyInterner _keys = new();
    private readonly Queue<(CollectionHistory Collection, StateEvent Change)> _changes = new();
    private EntryNode?[] _roots = [];

    /// <inheritdoc/>
    public long Revision { get; private set; } = EmbeddedStateEngine.FirstRevision;

    /// <summary>Changes replayed.</summary>
    public long Replayed { get; private set; }

    /// <summary>The revision up to which history was forgotten on request.</summary>
    public long CompactedTo { get; private set; }

    /// <summary>The last changes, at most as many as history keeps.</summary>
    public List<(CollectionHistory Collection, StateEvent Change)> Changes => [.. _changes];

    /// <summary>The state reached.</summary>
    public StoreState State => new(Revision, _roots);

    /// <summary>Begins upon a snapshot whose entries have been loaded.</summary>
    public void BeginAt(long revision) => Revision = revision;

    /// <summary>Takes an entry of a snapshot.</summary>
    public void Load(StateEntry entry)
    {
        ref var root = ref RootOf(history.GetOrAdd(entry.Key.Collection).Index);
        root = EntryTree.Put(root, entry, Edit);
    }

    /// <inheritdoc/>
    public string? Apply(ReadOnlySpan<byte> record, long revision)
    {
        var reader = new RecordReader(record);
        var kind = (RecordKind)reader.Byte();
        if (kind == RecordKind.Compact)
        {
            CompactedTo = Math.Max(CompactedTo, reader.Int64());
            return reader.Failed ? "a compaction without its revision" : null;
        }

        if (kind is not (RecordKind.Put or RecordKind.Delete))
        {
            return $"a record of unknown kind {(int)kind}";
        }

        var key = _keys.Intern(reader.Text(), reader.Text(), reader.Text());
        var collection = history.GetOrAdd(key.Collection);
        ref var root = ref RootOf(collection.Index);
        var previous = EntryTree.Find(root, key.Namespace, key.Name);
        StateEntry entry;
        if (kind == RecordKind.Put)
        {
            var revisionAt = reader.Int32();
            var json = reader.Take(reader.Remaining).ToArray();
            entry = new StateEntry(key, previous?.CreateRevision ?? revision, revision, json, revisionAt);
            if (reader.Failed || !RevisionDigits.Holds(entry))
            {
                return "a put whose fields do not fit together";
            }

            root = EntryTree.Put(root, entry, Edit);
        }
        else
        {
            if (reader.Failed || previous is null)
            {
                return $"a delete of {key}, which is not there";
            }

            entry = RevisionDigits.Tombstone(previous, revision);
            root = EntryTree.Remove(root!, key.Namespace, key.Name, Edit);
        }

        Revision = revision;
        Replayed++;
        _changes.Enqueue((collection, new StateEvent(entry, previous, kind == RecordKind.Delete)));
        if (_changes.Count > historyEvents)
        {
            _changes.Dequeue();
        }

        return null;
    }

    private ref EntryNode? RootOf(int index)
    {
        if (index >= _roots.Length)
        {
            Array.Resize(ref _roots, index + 1);
        }

        return ref _roots[index];
    }
}
