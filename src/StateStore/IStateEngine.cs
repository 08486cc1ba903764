namespace KubeAspire.StateStore;

/// <summary>
/// What etcd is to Kubernetes: an ordered, revisioned, durable map with compare-and-swap and watches.
/// Every engine passes the contract kit in tests/Testing.
/// </summary>
/// <remarks>
/// One revision sequence for the whole store: each committed write takes the next revision. Reads are linearizable
/// unless a revision is asked for, and return only what is durable. Methods may be called from any thread.
/// </remarks>
public interface IStateEngine : IAsyncDisposable
{
    /// <summary>The newest durable revision. Starts at 1 for an empty store.</summary>
    long Revision { get; }

    /// <summary>Reads and watches from before this revision answer <see cref="StateReadOutcome.Compacted"/>.</summary>
    long CompactedRevision { get; }

    /// <summary>The current state of one object, or null.</summary>
    ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken);

    /// <summary>The objects of a range, all as of one revision, in key order.</summary>
    /// <param name="range">What to list.</param>
    /// <param name="revision">The revision to list at; 0 for the newest.</param>
    /// <param name="limit">Most entries to return; 0 for all.</param>
    /// <param name="after">Only keys greater than this; null from the beginning.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken);

    /// <summary>Stores a new object. <see cref="StateOutcome.Exists"/> with the current entry where the key is taken.</summary>
    ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken);

    /// <summary>Replaces an object whose current revision is <paramref name="expectedRevision"/>.</summary>
    /// <returns>
    /// <see cref="StateOutcome.Conflict"/> with the current entry where the revision differs, <see cref="StateOutcome.Missing"/> where there is no object.
    /// </returns>
    ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken);

    /// <summary>Removes an object whose current revision is <paramref name="expectedRevision"/>.</summary>
    /// <returns>On success the last state, its resourceVersion being the revision of the delete: what watchers receive.</returns>
    ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken);

    /// <summary>A cursor over the changes of a range after a revision. Holds no queue of its own: a reader that is too slow is compacted away, never a burden.</summary>
    /// <param name="range">What to watch.</param>
    /// <param name="afterRevision">The last revision already seen. One beyond the newest waits for it.</param>
    IStateWatch Watch(StateRange range, long afterRevision);

    /// <summary>Forgets history up to and including a revision (not the current objects).</summary>
    ValueTask CompactAsync(long revision, CancellationToken cancellationToken);
}

/// <summary>A cursor over changes. Not for concurrent use.</summary>
public interface IStateWatch : IDisposable
{
    /// <summary>Waits for changes.</summary>
    /// <param name="maxWait">How long to wait for the first; then an empty batch is returned, whose revision makes a bookmark.</param>
    /// <param name="cancellationToken">Gives up; throws <see cref="OperationCanceledException"/>.</param>
    ValueTask<StateWatchBatch> NextAsync(TimeSpan maxWait, CancellationToken cancellationToken);
}

/// <summary>Some changes, in revision order.</summary>
/// <param name="Outcome">Whether the watch may go on.</param>
/// <param name="Events">The changes; empty where none came in time.</param>
/// <param name="Revision">Every change of the range up to this revision has now been returned.</param>
public readonly record struct StateWatchBatch(StateReadOutcome Outcome, IReadOnlyList<StateEvent> Events, long Revision);

/// <summary>One change.</summary>
/// <param name="Entry">The new state; of a delete, the last state with the revision of the delete.</param>
/// <param name="Previous">The state before; null for a create.</param>
/// <param name="Deleted">Whether the object is gone.</param>
public sealed record StateEvent(StateEntry Entry, StateEntry? Previous, bool Deleted);

/// <summary>How a write ended.</summary>
public enum StateOutcome
{
    /// <summary>Durable.</summary>
    Committed,

    /// <summary>A create found the key taken.</summary>
    Exists,

    /// <summary>There is no object of this key.</summary>
    Missing,

    /// <summary>The object has another revision.</summary>
    Conflict,

    /// <summary>No room on the disk. Nothing was stored; deletes still work.</summary>
    NoSpace,
}

/// <summary>The result of a write.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Entry">Committed: the entry as stored. Exists, Conflict: the current entry. Otherwise null.</param>
public readonly record struct StateWrite(StateOutcome Outcome, StateEntry? Entry);

/// <summary>How a read ended.</summary>
public enum StateReadOutcome
{
    /// <summary>As asked.</summary>
    Ok,

    /// <summary>The revision is compacted: list again.</summary>
    Compacted,

    /// <summary>The revision lies in the future of this store.</summary>
    Future,
}

/// <summary>Part of a list.</summary>
/// <param name="Outcome">Whether the revision could be served.</param>
/// <param name="Entries">The objects in key order.</param>
/// <param name="Revision">The revision that the list shows.</param>
/// <param name="More">Whether keys follow after the last entry.</param>
/// <param name="Remaining">How many follow; −1 where unknown.</param>
public readonly record struct StatePage(StateReadOutcome Outcome, IReadOnlyList<StateEntry> Entries, long Revision, bool More, long Remaining);
