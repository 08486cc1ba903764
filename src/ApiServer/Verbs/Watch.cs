using System.Runtime.CompilerServices;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>Follows a collection: each change once, in order, without a gap; a gap is a 410.</summary>
/// <remarks>Holds no queue: a cursor of the store is asked for more when the client has taken what came before.</remarks>
internal sealed class Watch(IStateEngine engine, Revisions revisions, TimeProvider clock, Random random)
{
    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var selection = Selection.Of(request, kind);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        var query = request.Query;
        if ((Refusal.Numbers(query, "limit", "timeoutSeconds") ?? CheckOptions(query)) is { } broken)
        {
            return broken;
        }

        var asked = query["resourceVersion"];
        if (asked.Length > 0 && await revisions.ReachAsync(asked, cancellationToken) is { } ahead)
        {
            return ahead;
        }

        var initial = query.Has("sendInitialEvents") ? query.Flag("sendInitialEvents") : asked is "" or "0";
        var plan = new Plan(
            kind, selection.Value, initial, Marked: query.Flag("sendInitialEvents"), Bookmarks: query.Flag("allowWatchBookmarks"),
            asked is "" or "0" ? engine.Revision : Revisions.Parse(asked)!.Value, Duration(query));
        return new WatchAnswer(kind, FollowAsync(plan, cancellationToken));
    }

    private sealed record Plan(ResourceKind Kind, Selection Selection, bool Initial, bool Marked, bool Bookmarks, long From, TimeSpan Duration);

    private TimeSpan Duration(RequestQuery query)
    {
        if (query.Number("timeoutSeconds") is { } seconds && seconds > 0)
        {
            return TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue / 1000));
        }

        lock (random)
        {
            return ApiLimits.WatchDuration * (1 + random.NextDouble()); // Spread, so that watchers do not all return at once.
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<WatchFrame>> FollowAsync(Plan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var from = plan.From;
        if (plan.Initial)
        {
            var page = await engine.Of(plan.Kind).ListAsync(plan.Selection.Range, 0, 0, null, cancellationToken);
            from = page.Revision;
            yield return [.. page.Entries.Where(plan.Selection.Matches).Select(entry => new WatchFrame("ADDED", entry.Json, entry, null))];
            if (plan.Marked && plan.Bookmarks)
            {
                yield return [Bookmark(plan.Kind, from, initialEventsEnd: true)];
            }
        }

        using var cursor = engine.Of(plan.Kind).Watch(plan.Selection.Range, from);
        var nextBookmark = ApiLimits.BookmarkInterval;
        var lastBookmark = plan.Duration - ApiLimits.LastBookmark;
        while (true)
        {
            var passed = clock.GetElapsedTime(started);
            if (passed >= plan.Duration)
            {
                yield break;
            }

            var until = plan.Duration;
            if (plan.Bookmarks)
            {
                until = passed < lastBookmark && lastBookmark < nextBookmark ? lastBookmark : nextBookmark < plan.Duration ? nextBookmark : plan.Duration;
            }

            var (batch, isLast) = await NextAsync(cursor, until > passed ? until - passed : TimeSpan.Zero, plan.Kind, cancellationToken);
            if (batch.Outcome != StateReadOutcome.Ok)
            {
                yield return [new WatchFrame("ERROR", default, null, ApiErrors.TooOldResourceVersion(from, engine.CompactedRevision))];
                yield break;
            }

            from = batch.Revision;
            if (batch.Events.Count > 0)
            {
                var frames = Frames(plan.Selection, batch.Events);
                if (frames.Count > 0)
                {
                    yield return frames;
                }
            }

            if (isLast)
            {
                yield break;
            }

            passed = clock.GetElapsedTime(started);
            if (plan.Bookmarks && passed >= until && passed < plan.Duration)
            {
                nextBookmark = passed + ApiLimits.BookmarkInterval;
                lastBookmark = passed >= lastBookmark ? plan.Duration : lastBookmark;
                yield return [Bookmark(plan.Kind, from, initialEventsEnd: false)];
            }
        }
    }

    // The batch is the last one where the kind is not served any more, or not as it was.
    private static async ValueTask<(StateWatchBatch Batch, bool IsLast)> NextAsync(IStateWatch cursor, TimeSpan maxWait, ResourceKind kind, CancellationToken cancellationToken)
    {
        if (!kind.Retired.CanBeCanceled)
        {
            return (await cursor.NextAsync(maxWait, cancellationToken), false);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(kind.Retired, cancellationToken);
        try
        {
            return (await cursor.NextAsync(maxWait, either.Token), false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (await cursor.NextAsync(TimeSpan.Zero, cancellationToken), true);
        }
    }

    private static List<WatchFrame> Frames(Selection selection, IReadOnlyList<StateEvent> events)
    {
        var frames = new List<WatchFrame>(events.Count);
        foreach (var change in events)
        {
            var before = change.Previous is not null && selection.Matches(change.Previous);
            var now = !change.Deleted && selection.Matches(change.Entry);
            if (now)
            {
                frames.Add(new(before ? "MODIFIED" : "ADDED", change.Entry.Json, change.Entry, null));
            }
            else if (change.Deleted ? selection.Matches(change.Previous ?? change.Entry) : before)
            {
                // An object that left the selection is shown as it was, at the revision at which it left.
                frames.Add(change.Deleted
                    ? new("DELETED", change.Entry.Json, change.Entry, null)
                    : new("DELETED", Objects.WithRevision(change.Previous!, change.Entry.Revision), null, null));
            }
        }

        return frames;
    }

    private static WatchFrame Bookmark(ResourceKind kind, long revision, bool initialEventsEnd)
    {
        var mark = initialEventsEnd ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
        var json = $$$"""{"kind":"{{{kind.Type.Kind}}}","apiVersion":"{{{kind.Type.ApiVersion}}}","metadata":{"resourceVersion":"{{{revision}}}","creationTimestamp":null{{{mark}}}}}""";
        return new("BOOKMARK", System.Text.Encoding.UTF8.GetBytes(json), null, null);
    }

    private static ApiError? CheckOptions(RequestQuery query)
    {
        var match = query["resourceVersionMatch"];
        var errors = new List<FieldError>();
        if (query.Has("sendInitialEvents"))
        {
            if (match.Length == 0)
            {
                errors.Add(FieldError.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
            }
            else if (match != "NotOlderThan")
            {
                errors.Add(FieldError.NotSupported("resourceVersionMatch", match, ["NotOlderThan"]));
            }
        }
        else if (match.Length > 0)
        {
            errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        }

        return errors.Count > 0 ? Refusal.Options("ListOptions", errors) : null;
    }
}
