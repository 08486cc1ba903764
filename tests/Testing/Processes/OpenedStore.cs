using KubeAspire.StateStore;

namespace KubeAspire.Testing.Processes;

/// <summary>
/// A further, empty store in a process that runs on, over a connection of its own, on a clock that is moved from here. Its disposal closes the store and leaves the connection, over
/// which the closed engine says what it says to those who still ask.
/// </summary>
public sealed class OpenedStore : IStateEngine
{
    private readonly StoreProcessEngine _connection;
    private readonly ManualClock _clock;
    private int _closed;

    private OpenedStore(StoreProcessEngine connection, ManualClock clock)
    {
        (_connection, _clock) = (connection, clock);
        _clock.Advanced += Advance;
    }

    /// <inheritdoc/>
    public long Revision => _connection.Revision;

    /// <inheritdoc/>
    public long CompactedRevision => _connection.CompactedRevision;

    internal static async Task<OpenedStore> OpenAsync(StoreProcessEngine connection, string name, ManualClock clock, CancellationToken cancellationToken)
    {
        var store = new OpenedStore(connection, clock);
        try
        {
            await connection.OpenStoreAsync(name, manualClock: true, cancellationToken);
            return store;
        }
        catch
        {
            await store.CloseAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken) => _connection.GetAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken) =>
        _connection.ListAsync(range, revision, limit, after, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) => _connection.CreateAsync(key, value, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) =>
        _connection.UpdateAsync(key, value, expectedRevision, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) => _connection.DeleteAsync(key, expectedRevision, cancellationToken);

    /// <inheritdoc/>
    public IStateWatch Watch(StateRange range, long afterRevision) => _connection.Watch(range, afterRevision);

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => _connection.CompactAsync(revision, cancellationToken);

    /// <summary>Closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            await _connection.CloseStoreAsync();
        }
    }

    /// <summary>Closes the store and the connection.</summary>
    public async Task CloseAsync()
    {
        _clock.Advanced -= Advance;
        try
        {
            await DisposeAsync();
        }
        finally
        {
            await _connection.DisposeAsync();
        }
    }

    // A clock is moved by a plain call; when that returns, the clock in the process has followed.
    private void Advance(TimeSpan by) => _connection.AdvanceAsync(by).GetAwaiter().GetResult();
}
