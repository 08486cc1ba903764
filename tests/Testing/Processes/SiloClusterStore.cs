using KubeAspire.StateStore;

namespace KubeAspire.Testing.Processes;

/// <summary>A further store of a <see cref="SiloCluster"/>, and a connection to each silo's side of it.</summary>
public sealed class SiloClusterStore : IAsyncDisposable
{
    private readonly string _name;
    private readonly IReadOnlyList<Side> _sides;
    private readonly ManualClock _clock;

    internal SiloClusterStore(string name, IReadOnlyList<StoreProcessEngine> connections, ManualClock clock)
    {
        (_name, _sides, _clock) = (name, [.. connections.Select(connection => new Side(connection))], clock);
        clock.Advanced += Advance;
    }

    /// <summary>The silo that owns the store, as the last takeover in its log says.</summary>
    public int Owner { get; internal set; }

    /// <summary>The engine of a silo. Its disposal closes this silo's side.</summary>
    public IStateEngine Engine(int silo) => _sides[silo];

    /// <summary>Closes all sides.</summary>
    public async ValueTask DisposeAsync()
    {
        _clock.Advanced -= Advance;
        await Task.WhenAll(_sides.Select(side => side.CloseAsync()));
    }

    internal async Task OpenAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_sides.Select(side => side.Connection.OpenStoreAsync(_name, manualClock: true, cancellationToken)));

        // A write that is refused makes an owner, and leaves the store empty.
        var refused = await _sides[0].DeleteAsync(new StateKey("pods", "", "nobody"), 1, cancellationToken);
        if (refused.Outcome != StateOutcome.Missing)
        {
            throw new InvalidOperationException($"A new store answered {refused.Outcome} to a delete.");
        }
    }

    // A clock is moved by a plain call; when that returns, the clocks of all sides have followed.
    private void Advance(TimeSpan by) => Task.WhenAll(_sides.Select(side => side.Connection.AdvanceAsync(by))).GetAwaiter().GetResult();

    /// <summary>One silo's side. Its disposal leaves the connection, over which the closed engine says what it says to those who still ask.</summary>
    private sealed class Side(StoreProcessEngine connection) : IStateEngine
    {
        private int _closed;

        public StoreProcessEngine Connection => connection;

        public long Revision => connection.Revision;

        public long CompactedRevision => connection.CompactedRevision;

        public ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken) => connection.GetAsync(key, cancellationToken);

        public ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken) =>
            connection.ListAsync(range, revision, limit, after, cancellationToken);

        public ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) => connection.CreateAsync(key, value, cancellationToken);

        public ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) =>
            connection.UpdateAsync(key, value, expectedRevision, cancellationToken);

        public ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) => connection.DeleteAsync(key, expectedRevision, cancellationToken);

        public IStateWatch Watch(StateRange range, long afterRevision) => connection.Watch(range, afterRevision);

        public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => connection.CompactAsync(revision, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _closed, 1) == 0)
            {
                await connection.CloseStoreAsync();
            }
        }

        public async Task CloseAsync()
        {
            try
            {
                await DisposeAsync();
            }
            finally
            {
                await connection.DisposeAsync();
            }
        }
    }
}
