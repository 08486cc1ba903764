using KubeAspire.StateStore;
using Xunit;

namespace KubeAspire.Testing.StateEngineContract;

/// <summary>Where a suite has the engine under test from: each test has one of its own. Disposed after the test, it removes the data.</summary>
public interface IContractStore : IAsyncDisposable
{
    /// <summary>Opens an empty store that keeps at least 1,000 changes for ten minutes.</summary>
    /// <param name="clock">The engine's clock; where the engine is in another process, its clock there has followed when <see cref="ManualClock.Advance"/> returns.</param>
    Task<IStateEngine> OpenAsync(ManualClock clock);
}

/// <summary>What a state engine is. Every engine's tests inherit these suites.</summary>
/// <param name="store">Gives them an empty store.</param>
public abstract class StateEngineSuite(IContractStore store) : IAsyncLifetime
{
    /// <summary>The clock of the engine under test.</summary>
    protected ManualClock Clock { get; } = new();

    /// <summary>The engine under test, empty at the beginning.</summary>
    protected IStateEngine Engine { get; private set; } = null!;

    /// <summary>All pods.</summary>
    protected static StateRange Pods { get; } = new("pods");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Engine = await store.OpenAsync(Clock);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Creates an object and answers its entry.</summary>
    protected async Task<StateEntry> Create(StateKey key, string text = "1")
    {
        var write = await Engine.CreateAsync(key, StateObjects.Value(text), CancellationToken.None);
        Assert.Equal(StateOutcome.Committed, write.Outcome);
        return write.Entry!;
    }

    /// <summary>Updates an object and answers its entry.</summary>
    protected async Task<StateEntry> Update(StateEntry entry, string text)
    {
        var write = await Engine.UpdateAsync(entry.Key, StateObjects.Value(text), entry.Revision, CancellationToken.None);
        Assert.Equal(StateOutcome.Committed, write.Outcome);
        return write.Entry!;
    }

    /// <summary>Deletes an object and answers its tombstone.</summary>
    protected async Task<StateEntry> Delete(StateEntry entry)
    {
        var write = await Engine.DeleteAsync(entry.Key, entry.Revision, CancellationToken.None);
        Assert.Equal(StateOutcome.Committed, write.Outcome);
        return write.Entry!;
    }

    /// <summary>Lists, with the defaults of a plain list.</summary>
    protected ValueTask<StatePage> List(StateRange range, long revision = 0, int limit = 0, StateKey? after = null) =>
        Engine.ListAsync(range, revision, limit, after, CancellationToken.None);

    /// <summary>The names in a page.</summary>
    protected static IEnumerable<string> Names(StatePage page) => page.Entries.Select(entry => entry.Key.Name);
}
