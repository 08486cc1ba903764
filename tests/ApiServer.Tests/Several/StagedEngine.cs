using System.Collections.Concurrent;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Tests.Several;

/// <summary>A store shared with other servers, as one of them sees it: a test may hold each of its writes, or let it fail.</summary>
internal sealed class StagedEngine(IStateEngine inner) : IStateEngine
{
    /// <summary>Runs before a write reaches the store.</summary>
    public Func<string, StateKey, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Every write that was made, as <c>create services/ns/name</c>.</summary>
    public ConcurrentQueue<string> Writes { get; } = new();

    /// <summary>Every collection that was listed.</summary>
    public ConcurrentQueue<string> Lists { get; } = new();

    public long Revision => inner.Revision;

    public long CompactedRevision => inner.CompactedRevision;

    public ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

    public ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken)
    {
        if (range.Name is null)
        {
            Lists.Enqueue(range.Collection);
        }

        return inner.ListAsync(range, revision, limit, after, cancellationToken);
    }

    public async ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken)
    {
        await BeforeAsync("create", key);
        return await inner.CreateAsync(key, value, cancellationToken);
    }

    public async ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken)
    {
        await BeforeAsync("update", key);
        return await inner.UpdateAsync(key, value, expectedRevision, cancellationToken);
    }

    public async ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken)
    {
        await BeforeAsync("delete", key);
        return await inner.DeleteAsync(key, expectedRevision, cancellationToken);
    }

    public IStateWatch Watch(StateRange range, long afterRevision) => inner.Watch(range, afterRevision);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task BeforeAsync(string verb, StateKey key)
    {
        Writes.Enqueue($"{verb} {key}");
        return Before(verb, key);
    }
}
