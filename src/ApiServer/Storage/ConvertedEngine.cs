using System.Globalization;
using System.Runtime.CompilerServices;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Storage;

/// <summary>The store as one kind sees it.</summary>
internal static class KindEngines
{
    /// <summary>The engine itself for a kind that is stored as it is shown; otherwise the engine behind the kind's conversion.</summary>
    public static IStateEngine Of(this IStateEngine engine, ResourceKind kind) => kind.IsConverted ? new ConvertedEngine(engine, kind) : engine;
}

/// <summary>Shows the objects of a storage version in another version of their kind, and stores what is written in that version.</summary>
/// <remarks>An entry is converted once, however many readers and watchers see it: the conversion lives as long as the stored entry does.</remarks>
internal sealed class ConvertedEngine(IStateEngine inner, ResourceKind kind) : IStateEngine
{
    private static readonly ConditionalWeakTable<ResourceKind, ConditionalWeakTable<StateEntry, StateEntry>> s_shown = [];

    private readonly ConditionalWeakTable<StateEntry, StateEntry> _shown = s_shown.GetOrCreateValue(kind);

    /// <inheritdoc/>
    public long Revision => inner.Revision;

    /// <inheritdoc/>
    public long CompactedRevision => inner.CompactedRevision;

    /// <inheritdoc/>
    public async ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken) => Show(await inner.GetAsync(Stored(key), cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken)
    {
        var page = await inner.ListAsync(Stored(range), revision, limit, after is { } key ? Stored(key) : null, cancellationToken);
        return page with { Entries = page.Entries is null ? [] : [.. page.Entries.Select(entry => Show(entry)!)] };
    }

    /// <inheritdoc/>
    public async ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) =>
        Written(await inner.CreateAsync(Stored(key), Stored(value), cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) =>
        Written(await inner.UpdateAsync(Stored(key), Stored(value), expectedRevision, cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) =>
        Show(await inner.DeleteAsync(Stored(key), expectedRevision, cancellationToken));

    /// <inheritdoc/>
    public IStateWatch Watch(StateRange range, long afterRevision) => new ConvertedWatch(this, inner.Watch(Stored(range), afterRevision));

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    /// <summary>Nothing: the engine behind is its owner's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private StateKey Stored(StateKey key) => key with { Collection = kind.StorageType.GroupResource };

    private StateRange Stored(StateRange range) => range with { Collection = kind.StorageType.GroupResource };

    private StateValue Stored(StateValue value)
    {
        if (kind.StorageType == kind.Type)
        {
            return value;
        }

        var tree = kind.ToStored(Objects.Tree(value.Json));
        tree["apiVersion"] = kind.StorageType.ApiVersion;
        tree["kind"] = kind.StorageType.Kind;
        var (json, revisionAt) = CanonicalJson.Encode(tree, nulls: kind.IsCustom);
        return new StateValue(json, revisionAt);
    }

    // What was just written in the version that is stored is shown as it is.
    private StateWrite Written(StateWrite write)
    {
        if (kind.StorageType == kind.Type && write is { Outcome: StateOutcome.Committed, Entry: { } entry })
        {
            _shown.TryAdd(entry, entry);
        }

        return Show(write);
    }

    private StateWrite Show(StateWrite write) => write with { Entry = Show(write.Entry) };

    private StateEntry? Show(StateEntry? entry) => entry is null ? null : _shown.GetValue(entry, Convert);

    private StateEntry Convert(StateEntry entry)
    {
        var tree = kind.FromStored(entry.Tree());
        tree["apiVersion"] = kind.Type.ApiVersion;
        tree["kind"] = kind.Type.Kind;
        var (json, revisionAt) = CanonicalJson.Encode(tree, nulls: kind.IsCustom);
        if (kind.StorageType == kind.Type && IsSame(entry, json, revisionAt))
        {
            return entry;
        }

        var digits = System.Text.Encoding.ASCII.GetBytes(entry.Revision.ToString(CultureInfo.InvariantCulture));
        var key = entry.Key with { Collection = kind.Type.GroupResource };
        return new StateEntry(key, entry.CreateRevision, entry.Revision, (byte[])[.. json.AsSpan(0, revisionAt), .. digits, .. json.AsSpan(revisionAt)], revisionAt);
    }

    // Whether the bytes are an entry's but for the digits of its revision.
    private static bool IsSame(StateEntry entry, ReadOnlySpan<byte> json, int revisionAt) =>
        entry.RevisionAt == revisionAt && revisionAt >= 0 && entry.Json.Span is var stored && stored.Length >= json.Length
        && stored[..revisionAt].SequenceEqual(json[..revisionAt]) && stored[^(json.Length - revisionAt)..].SequenceEqual(json[revisionAt..]);

    private sealed class ConvertedWatch(ConvertedEngine owner, IStateWatch inner) : IStateWatch
    {
        public async ValueTask<StateWatchBatch> NextAsync(TimeSpan maxWait, CancellationToken cancellationToken)
        {
            var batch = await inner.NextAsync(maxWait, cancellationToken);
            return batch.Events is not { Count: > 0 } ? batch
                : batch with { Events = [.. batch.Events.Select(change => new StateEvent(owner.Show(change.Entry)!, owner.Show(change.Previous), change.Deleted))] };
        }

        public void Dispose() => inner.Dispose();
    }
}
