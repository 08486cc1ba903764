using KubeAspire.StateStore;
using KubeAspire.Testing.Processes;

namespace KubeAspire.Testing.Histories;

/// <summary>A client of several silos that makes a call at the next one where a silo says that it has not begun with it, as clients of an API do whose connection is refused.</summary>
/// <param name="silos">The next silo that lives.</param>
/// <param name="first">The one it begins with.</param>
public sealed class NextSiloEngine(Func<CancellationToken, ValueTask<IStateEngine>> silos, IStateEngine first) : IStateEngine
{
    private volatile IStateEngine _silo = first;

    /// <inheritdoc/>
    public long Revision => _silo.Revision;

    /// <inheritdoc/>
    public long CompactedRevision => _silo.CompactedRevision;

    /// <inheritdoc/>
    public ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken) => AskAsync(silo => silo.GetAsync(key, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken) =>
        AskAsync(silo => silo.ListAsync(range, revision, limit, after, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) =>
        AskAsync(silo => silo.CreateAsync(key, value, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) =>
        AskAsync(silo => silo.UpdateAsync(key, value, expectedRevision, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) =>
        AskAsync(silo => silo.DeleteAsync(key, expectedRevision, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => await AskAsync(
        async silo =>
        {
            await silo.CompactAsync(revision, cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>A watch of the present silo, which ends with it: its reader goes on elsewhere from where it is.</summary>
    public IStateWatch Watch(StateRange range, long afterRevision) => _silo.Watch(range, afterRevision);

    /// <summary>Leaves the silos to whom they belong.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<T> AskAsync<T>(Func<IStateEngine, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call(_silo);
            }
            catch (StoreProcessGoneException)
            {
                _silo = await silos(cancellationToken);
            }
        }
    }
}
