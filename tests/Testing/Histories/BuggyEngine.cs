using System.Collections.Concurrent;
using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>A good engine with one <see cref="PlantedBug"/> before it. The bug shows once in a few calls, by a seed.</summary>
public sealed class BuggyEngine(IStateEngine good, PlantedBug bug, int seed) : IStateEngine
{
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<StateKey, (StateEntry Before, StateEntry Now)> _history = new();
    private readonly ConcurrentDictionary<StateKey, StateEntry> _paused = new();
    private long _compactedLately;

    /// <inheritdoc/>
    public long Revision => good.Revision;

    /// <inheritdoc/>
    public long CompactedRevision => bug == PlantedBug.CompactionUnsaid ? 0 : good.CompactedRevision;

    /// <inheritdoc/>
    public async ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken)
    {
        var entry = await good.GetAsync(key, cancellationToken);
        if (bug == PlantedBug.StaleRead && Now(8) && _history.TryGetValue(key, out var states))
        {
            return states.Before;
        }

        if (bug == PlantedBug.StaleReadAfterPause && entry is not null)
        {
            // What was read long ago, kept as if this process had slept meanwhile.
            return _paused.GetOrAdd(key, entry) is var old && Now(8) ? old : entry;
        }

        return entry;
    }

    /// <inheritdoc/>
    public async ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken)
    {
        var page = await good.ListAsync(range, revision, limit, after, cancellationToken);
        return bug switch
        {
            PlantedBug.ListOfTwoMoments when page.Entries.Select(entry => _history.GetValueOrDefault(entry.Key).Before).FirstOrDefault(old => old is not null) is { } old =>
                page with { Entries = [.. page.Entries.Select(entry => entry.Key == old.Key ? old : entry)] },
            PlantedBug.PageSkipsOne when after is not null && page.Entries.Count > 1 => page with { Entries = [.. page.Entries.Skip(1)] },
            PlantedBug.ListRevisionAhead when revision == 0 && Now(4) => page with { Revision = page.Revision + 3 },
            _ => page,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken)
    {
        if (bug == PlantedBug.AcknowledgedNotStored && Now(20))
        {
            return new StateWrite(StateOutcome.Committed, new StateEntry(key, good.Revision + 1, good.Revision + 1, value.Json, value.RevisionAt));
        }

        var written = await good.CreateAsync(key, value, cancellationToken);
        if (bug == PlantedBug.CreateOverwrites && written is { Outcome: StateOutcome.Exists, Entry: { } there } && Now(4))
        {
            return Told(await good.UpdateAsync(key, value, there.Revision, cancellationToken));
        }

        if (bug == PlantedBug.RefusedYetStored && written is { Outcome: StateOutcome.Exists, Entry: { } taken } && Now(4))
        {
            await good.UpdateAsync(key, value, taken.Revision, cancellationToken);
        }

        return Told(written);
    }

    /// <inheritdoc/>
    public async ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken)
    {
        if (bug == PlantedBug.CompareOutsideLock)
        {
            var seen = await good.GetAsync(key, cancellationToken);
            if (seen?.Revision == expectedRevision)
            {
                await Task.Yield();
                var now = await good.GetAsync(key, cancellationToken);
                return Told(await good.UpdateAsync(key, value, now?.Revision ?? expectedRevision, cancellationToken));
            }
        }

        var before = await good.GetAsync(key, cancellationToken);
        var written = await good.UpdateAsync(key, value, expectedRevision, cancellationToken);
        if (bug == PlantedBug.CompareIgnoresOlder && written is { Outcome: StateOutcome.Conflict, Entry: { } newer } && newer.Revision >= expectedRevision && Now(4))
        {
            written = await good.UpdateAsync(key, value, newer.Revision, cancellationToken);
        }

        if (written is { Outcome: StateOutcome.Committed, Entry: { } entry } && before is not null)
        {
            _history[key] = (before, entry);
        }

        return Told(written);
    }

    /// <inheritdoc/>
    public async ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken)
    {
        var written = await good.DeleteAsync(key, expectedRevision, cancellationToken);
        return bug == PlantedBug.DeleteTellsOldRevision && written is { Outcome: StateOutcome.Committed, Entry: { } entry }
            ? written with { Entry = new StateEntry(key, entry.CreateRevision, expectedRevision, entry.Json, entry.RevisionAt) } : Told(written);
    }

    /// <inheritdoc/>
    public IStateWatch Watch(StateRange range, long afterRevision)
    {
        var from = bug switch
        {
            PlantedBug.DuplicateAfterResume when afterRevision > 5 && Now(3) => afterRevision - 3,
            PlantedBug.CompactionUnsaid => Math.Max(afterRevision, good.CompactedRevision),
            _ => afterRevision,
        };
        var leaks = bug == PlantedBug.FilterLeaks && range.Name is not null;
        return new BuggyWatch(this, good.Watch(leaks ? range with { Name = null } : range, from));
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        await good.CompactAsync(revision, cancellationToken);
        Volatile.Write(ref _compactedLately, good.Revision);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => good.DisposeAsync();

    private StateWrite Told(StateWrite written) => bug == PlantedBug.RevisionGoesBack && written is { Outcome: StateOutcome.Committed, Entry: { Revision: > 20 } entry } && Now(20)
        ? written with { Entry = new StateEntry(entry.Key, entry.CreateRevision, entry.Revision - 10, entry.Json, entry.RevisionAt) } : written;

    private bool Now(int oneIn)
    {
        lock (_gate)
        {
            return _random.Next(oneIn) == 0;
        }
    }

    private StateWatchBatch Spoil(StateWatchBatch batch)
    {
        var events = batch.Events;
        return bug switch
        {
            PlantedBug.EventLost when events.Count > 0 && Now(20) => batch with { Events = [.. events.Skip(1)] },
            PlantedBug.BookmarkEarly when batch.Outcome == StateReadOutcome.Ok && Now(4) => batch with { Revision = batch.Revision + 2 },
            PlantedBug.DeletedCarriesOldRevision => batch with { Events = [.. events.Select(change => change is { Deleted: true, Previous: { } last } ? change with { Entry = last } : change)] },
            PlantedBug.DeleteLostOnCompaction when Volatile.Read(ref _compactedLately) > 0 =>
                batch with { Events = [.. events.Where(change => !change.Deleted || change.Entry.Revision > Volatile.Read(ref _compactedLately) + 20)] },
            PlantedBug.EventsSwapped when events.Count > 1 => batch with { Events = [events[1], events[0], .. events.Skip(2)] },
            PlantedBug.ModifiedAsAdded => batch with { Events = [.. events.Select(change => change is { Deleted: false, Previous: not null } && Now(10) ? change with { Previous = null } : change)] },
            _ => batch,
        };
    }

    private sealed class BuggyWatch(BuggyEngine engine, IStateWatch good) : IStateWatch
    {
        public async ValueTask<StateWatchBatch> NextAsync(TimeSpan maxWait, CancellationToken cancellationToken) => engine.Spoil(await good.NextAsync(maxWait, cancellationToken));

        public void Dispose() => good.Dispose();
    }
}
