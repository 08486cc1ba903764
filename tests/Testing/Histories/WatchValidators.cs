namespace KubeAspire.Testing.Histories;

/// <summary>One promise about watches.</summary>
/// <param name="Name">What is promised.</param>
/// <param name="Check">Every breach of it by a stream.</param>
public sealed record WatchValidator(string Name, Func<WatchedStream, Changes, IEnumerable<string>> Check);

/// <summary>The thirteen promises about watches: nine that etcd makes, four that Kubernetes adds.</summary>
public static class WatchValidators
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<WatchValidator> All { get; } =
    [
        new("filter: nothing of other keys", Filter),
        new("ordered: revisions never go back", Ordered),
        new("unique: no change twice", Unique),
        new("atomic: a revision is delivered at once", Atomic),
        new("reliable: every change between two delivered ones is delivered", Reliable),
        new("resumable: begun where the one before ended, nothing lies between", Resumable),
        new("bookmarkable: nothing comes at or below a revision said to be complete", Bookmarkable),
        new("real: every event is a change that somebody made", Real),
        new("from: nothing at or below the revision it began after", From),
        new("typed: ADDED, MODIFIED and DELETED as the selection sees them", Typed),
        new("last state: a DELETED carries the object as it was and the revision that removed it", LastState),
        new("expired: a past that is gone is said to be gone", Expired),
        new("initial: the state of one moment, then the bookmark that ends it", Initial),
    ];

    /// <summary>Every breach, named by its promise.</summary>
    public static IEnumerable<string> Check(IEnumerable<WatchedStream> streams, Changes changes) =>
        from stream in streams from validator in All from problem in validator.Check(stream, changes) select $"{validator.Name}: {problem}";

    private static IEnumerable<string> Filter(WatchedStream stream, Changes changes) => stream.Events.Concat(stream.Initial)
        .Where(seen => !seen.Key.StartsWith(stream.Prefix, StringComparison.Ordinal)).Select(seen => $"{seen} in a watch of {stream.Prefix}*");

    private static IEnumerable<string> Ordered(WatchedStream stream, Changes changes) => stream.Events.Zip(stream.Events.Skip(1))
        .Where(pair => pair.Second.Revision < pair.First.Revision).Select(pair => $"{pair.Second} after {pair.First}");

    private static IEnumerable<string> Unique(WatchedStream stream, Changes changes) => stream.Events.GroupBy(seen => (seen.Key, seen.Revision))
        .Where(group => group.Count() > 1).Select(group => $"{group.First()} came {group.Count()} times");

    private static IEnumerable<string> Atomic(WatchedStream stream, Changes changes) => stream.Batches.Zip(stream.Batches.Skip(1))
        .Where(pair => pair.First.Events.Count > 0 && pair.Second.Events.Any(seen => seen.Revision == pair.First.Events[^1].Revision))
        .Select(pair => $"revision {pair.First.Events[^1].Revision} lies in two deliveries");

    private static IEnumerable<string> Reliable(WatchedStream stream, Changes changes)
    {
        if (stream.End == WatchEnd.Expired && stream.Batches.Count == 0)
        {
            yield break;
        }

        var seen = stream.Events.Select(one => one.Revision).ToHashSet();
        var after = stream.InitialEnd ?? stream.From;
        foreach (var change in changes.All.Where(change => change.Revision > after && change.Revision <= stream.Until && !seen.Contains(change.Revision)))
        {
            if (stream.Expected(change) is { } expected)
            {
                yield return $"{expected} never came to a watch from {after} that says it is complete to {stream.Until}";
            }
        }
    }

    private static IEnumerable<string> Resumable(WatchedStream stream, Changes changes)
    {
        if (stream.Resumes is not { } before)
        {
            yield break;
        }

        if (stream.From != before.Until)
        {
            yield return $"began at {stream.From}, though the one before ended at {before.Until}";
        }

        var twice = before.Events.Select(seen => (seen.Key, seen.Revision)).ToHashSet();
        foreach (var seen in stream.Events.Where(seen => twice.Contains((seen.Key, seen.Revision))))
        {
            yield return $"{seen} came before the interruption and again after it";
        }
    }

    private static IEnumerable<string> Bookmarkable(WatchedStream stream, Changes changes)
    {
        var complete = stream.From;
        foreach (var batch in stream.Batches)
        {
            foreach (var late in batch.Events.Where(seen => seen.Revision <= complete))
            {
                yield return $"{late} after {complete} was said to be complete";
            }

            if (batch.Revision < complete || batch.Events.Any(seen => seen.Revision > batch.Revision))
            {
                yield return $"complete to {batch.Revision}, after {complete}, with events to {batch.Events.Select(seen => seen.Revision).DefaultIfEmpty().Max()}";
            }

            complete = Math.Max(complete, batch.Revision);
        }
    }

    private static IEnumerable<string> Real(WatchedStream stream, Changes changes) => stream.Events
        .Where(seen => changes.At(seen.Revision) is not { } change || change.Key != seen.Key || (!seen.Deleted && change.Id != seen.Id)).Select(seen => $"{seen}, which nobody wrote");

    private static IEnumerable<string> From(WatchedStream stream, Changes changes) =>
        stream.Events.Where(seen => seen.Revision <= stream.From).Select(seen => $"{seen} in a watch from {stream.From}");

    private static IEnumerable<string> Typed(WatchedStream stream, Changes changes) =>
        from seen in stream.Events
        let change = changes.At(seen.Revision)
        where change is not null && change.Key == seen.Key && stream.Expected(change)?.Type != seen.Type
        select $"{seen}, which should be {stream.Expected(change)?.Type ?? "nothing"}";

    private static IEnumerable<string> LastState(WatchedStream stream, Changes changes) =>
        from seen in stream.Events
        where seen.Deleted
        let change = changes.At(seen.Revision)
        let expected = change is null ? null : stream.Expected(change)
        where expected != seen
        select $"{seen}, which should be {expected?.ToString() ?? "no revision of a delete"}";

    private static IEnumerable<string> Expired(WatchedStream stream, Changes changes) =>
        stream.From < stream.Compacted && !stream.InitialEvents && stream.Batches.Count > 0
            ? [$"began after {stream.From}, which was compacted to {stream.Compacted}, and delivered all the same"] : [];

    private static IEnumerable<string> Initial(WatchedStream stream, Changes changes)
    {
        if (!stream.InitialEvents || stream.InitialEnd is not { } end)
        {
            return stream.InitialEvents && stream.Batches.Count > 0 ? ["events before the bookmark that ends the initial ones"] : [];
        }

        var expected = changes.State(end).Where(seen => seen.Key.StartsWith(stream.Prefix, StringComparison.Ordinal) && stream.Selects(seen.Id))
            .Select(seen => new WatchedEvent("ADDED", seen.Key, seen.Revision, seen.Id)).ToHashSet();
        var wrong = expected.Except(stream.Initial).Concat(stream.Initial.Except(expected)).ToList();
        return (end < stream.Newest ? [$"initial events end at {end}, though {stream.Newest} was there before"] : Array.Empty<string>())
            .Concat(wrong.Select(seen => $"{seen} is missing or wrong in the state at {end}"));
    }
}
