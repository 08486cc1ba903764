using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>One event of a watch.</summary>
/// <param name="Type"><c>ADDED</c>, <c>MODIFIED</c> or <c>DELETED</c>, as the watch said.</param>
/// <param name="Key">The object.</param>
/// <param name="Revision">The revision that it carried.</param>
/// <param name="Id">The text of the object that it carried.</param>
public sealed record WatchedEvent(string Type, string Key, long Revision, string Id)
{
    /// <summary>Whether the object went.</summary>
    public bool Deleted => Type == "DELETED";
}

/// <summary>What a watch delivered at once, and the revision up to which it then had delivered everything.</summary>
public sealed record WatchedBatch(IReadOnlyList<WatchedEvent> Events, long Revision);

/// <summary>How a watch ended.</summary>
public enum WatchEnd
{
    /// <summary>Its reader had enough.</summary>
    Stopped,

    /// <summary>The connection, or the process, went.</summary>
    Lost,

    /// <summary>It was told that its past is gone.</summary>
    Expired,
}

/// <summary>One watch from its beginning to its end.</summary>
public sealed class WatchedStream
{
    /// <summary>The revision after which it began.</summary>
    public required long From { get; init; }

    /// <summary>Which keys it follows, by how they begin.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Which objects it selects, by how their text ends; empty for all.</summary>
    public string Selector { get; init; } = "";

    /// <summary>The newest revision that was known to be compacted when it began.</summary>
    public long Compacted { get; init; }

    /// <summary>The newest revision there was when it began.</summary>
    public long Newest { get; init; }

    /// <summary>Whether it began with the state of the moment, whose end a bookmark marks.</summary>
    public bool InitialEvents { get; init; }

    /// <summary>The bookmark that ended the initial events; null before it came.</summary>
    public long? InitialEnd { get; set; }

    /// <summary>What was delivered between the beginning and <see cref="InitialEnd"/>.</summary>
    public List<WatchedEvent> Initial { get; } = [];

    /// <summary>Whether it goes on where the stream before it of the same reader ended.</summary>
    public WatchedStream? Resumes { get; init; }

    /// <summary>What it delivered.</summary>
    public List<WatchedBatch> Batches { get; } = [];

    /// <summary>How it ended.</summary>
    public WatchEnd End { get; set; }

    /// <summary>The revision up to which everything has been delivered.</summary>
    public long Until => Batches.Count > 0 ? Batches[^1].Revision : InitialEnd ?? From;

    /// <summary>All events in their order.</summary>
    public IEnumerable<WatchedEvent> Events => Batches.SelectMany(batch => batch.Events);

    /// <summary>Whether an object is selected.</summary>
    public bool Selects(string id) => Selector.Length == 0 || id.EndsWith(Selector, StringComparison.Ordinal);

    /// <summary>What it should have delivered of a change; null for nothing.</summary>
    public WatchedEvent? Expected(Change change)
    {
        if (!change.Key.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var (was, stays) = (change.Existed && Selects(change.Before!.Id), !change.Deleted && Selects(change.Id));
        return (was, stays) switch
        {
            (false, true) => new WatchedEvent("ADDED", change.Key, change.Revision, change.Id),
            (true, true) => new WatchedEvent("MODIFIED", change.Key, change.Revision, change.Id),
            (true, false) => new WatchedEvent("DELETED", change.Key, change.Revision, change.Before!.Id),
            _ => null,
        };
    }
}
