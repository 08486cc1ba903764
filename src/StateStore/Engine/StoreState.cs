namespace KubeAspire.StateStore.Engine;

/// <summary>The whole store at one revision. Immutable: whoever holds it reads consistently.</summary>
/// <param name="Revision">The revision.</param>
/// <param name="Roots">A tree for each collection, at the collection's index; may be shorter than the list of collections.</param>
internal sealed record StoreState(long Revision, EntryNode?[] Roots)
{
    /// <summary>The tree of a collection.</summary>
    public EntryNode? RootOf(int index) => (uint)index < (uint)Roots.Length ? Roots[index] : null;

    /// <summary>All entries, by collection.</summary>
    public IEnumerable<StateEntry> All() => Roots.SelectMany(root => EntryTree.From(root, EntryBound.Start));

    /// <summary>How many entries there are.</summary>
    public long Count() => Roots.Sum(root => (long)EntryTree.Count(root));
}
