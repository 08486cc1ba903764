using KubeAspire.StateStore;

namespace KubeAspire.Testing.Processes;

/// <summary>A further store of a <see cref="SiloCluster"/>: each silo's side of it.</summary>
public sealed class SiloClusterStore : IAsyncDisposable
{
    private readonly IReadOnlyList<OpenedStore> _sides;

    private SiloClusterStore(IReadOnlyList<OpenedStore> sides) => _sides = sides;

    /// <summary>The silo that owns the store, as the last takeover in its log says.</summary>
    public int Owner { get; internal set; }

    /// <summary>The engine of a silo. Its disposal closes this silo's side.</summary>
    public IStateEngine Engine(int silo) => _sides[silo];

    /// <summary>Closes all sides.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_sides.Select(side => side.CloseAsync()));

    internal static async Task<SiloClusterStore> OpenAsync(IEnumerable<StoreProcess> silos, string name, ManualClock clock, CancellationToken cancellationToken)
    {
        var opening = silos.Select(silo => silo.OpenStoreAsync(name, clock, cancellationToken)).ToList();
        try
        {
            var store = new SiloClusterStore(await Task.WhenAll(opening));

            // A write that is refused makes an owner, and leaves the store empty.
            var refused = await store.Engine(0).DeleteAsync(new StateKey("pods", "", "nobody"), 1, cancellationToken);
            return refused.Outcome == StateOutcome.Missing ? store : throw new InvalidOperationException($"A new store answered {refused.Outcome} to a delete.");
        }
        catch
        {
            foreach (var opened in opening.Where(side => side.IsCompletedSuccessfully))
            {
                await (await opened).CloseAsync();
            }

            throw;
        }
    }
}
