namespace KubeAspire.StateStore;

/// <summary>
/// An object to be stored: its canonical UTF-8 JSON with a gap where the digits of
/// <c>metadata.resourceVersion</c> belong. The engine knows the revision only when it commits, and fills the gap then.
/// </summary>
/// <param name="Json">The object, with nothing between the quotes of <c>"resourceVersion":""</c>.</param>
/// <param name="RevisionAt">Offset of the gap in <paramref name="Json"/>; −1 for a value without one.</param>
public readonly record struct StateValue(ReadOnlyMemory<byte> Json, int RevisionAt);

/// <summary>One object at one revision. Immutable; shared by every reader and watcher.</summary>
public sealed class StateEntry(StateKey key, long createRevision, long revision, ReadOnlyMemory<byte> json, int revisionAt)
{
    private object? _view;

    /// <summary>Where the object stands.</summary>
    public StateKey Key { get; } = key;

    /// <summary>The revision that created the object.</summary>
    public long CreateRevision { get; } = createRevision;

    /// <summary>The revision that wrote this state; in the entry of a delete event, the revision of the delete.</summary>
    public long Revision { get; } = revision;

    /// <summary>The canonical JSON, resourceVersion included. Spliced into answers as it is.</summary>
    public ReadOnlyMemory<byte> Json { get; } = json;

    /// <summary>Offset of the digits of resourceVersion in <see cref="Json"/>; −1 where there are none.</summary>
    public int RevisionAt { get; } = revisionAt;

    /// <summary>The view that somebody has asked for already, or null.</summary>
    public object? KnownView => Volatile.Read(ref _view);

    /// <summary>
    /// A decoded view, made at most a few times and then shared (two racing first callers may both decode; one result is kept).
    /// An entry keeps one view: every caller of one collection must ask for the same type.
    /// </summary>
    /// <param name="decode">Makes the view. Must be pure.</param>
    public T View<T>(Func<StateEntry, T> decode)
        where T : class
    {
        if (Volatile.Read(ref _view) is T view)
        {
            return view;
        }

        view = decode(this);
        return Interlocked.CompareExchange(ref _view, view, null) as T ?? view;
    }
}
