using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>What was asked of a store.</summary>
public enum OperationKind
{
    /// <summary>Read one.</summary>
    Get,

    /// <summary>Read all of a moment.</summary>
    List,

    /// <summary>Store anew.</summary>
    Create,

    /// <summary>Replace what has a revision.</summary>
    Update,

    /// <summary>Remove what has a revision.</summary>
    Delete,
}

/// <summary>An object as a read showed it: its key, the revision that wrote it and the text that names the write.</summary>
public readonly record struct Seen(string Key, long Revision, string Id);

/// <summary>One call to a store, from its invocation to its return, by a clock that never goes back.</summary>
/// <remarks>Every write stores a text that no other write stores, so that a state tells which write made it.</remarks>
public sealed record Operation(int Client, OperationKind Kind, string Key)
{
    /// <summary>When it was called.</summary>
    public long Invoked { get; init; }

    /// <summary>When it returned; <see cref="long.MaxValue"/> where it never did.</summary>
    public long Returned { get; set; } = long.MaxValue;

    /// <summary>The text that a create or an update stores.</summary>
    public string? Written { get; init; }

    /// <summary>The state that an update or a delete expects.</summary>
    public Seen Expected { get; init; }

    /// <summary>How a write ended; null for a read, and where it is not known whether the write took place.</summary>
    public StateOutcome? Outcome { get; set; }

    /// <summary>The revision of a committed write, or that a list shows; 0 for others.</summary>
    public long Revision { get; set; }

    /// <summary>What a get found, or a refused write; null for nothing.</summary>
    public Seen? Found { get; set; }

    /// <summary>What a list showed.</summary>
    public IReadOnlyList<Seen>? Listed { get; set; }

    /// <summary>The revision that a list asked for; 0 for the newest.</summary>
    public long Asked { get; init; }

    /// <summary>Whether it is a write.</summary>
    public bool IsWrite => Kind is OperationKind.Create or OperationKind.Update or OperationKind.Delete;

    /// <summary>Whether it is known how it ended.</summary>
    public bool IsKnown => Returned != long.MaxValue;

    /// <summary>Whether it is a write that took place for certain.</summary>
    public bool IsCommitted => Outcome == StateOutcome.Committed;
}
