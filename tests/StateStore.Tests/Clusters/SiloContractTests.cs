using KubeAspire.Testing;
using KubeAspire.Testing.Processes;
using KubeAspire.Testing.StateEngineContract;

namespace KubeAspire.StateStore.Tests.Clusters;

// The contract on three silo processes and a real Redis: at the silo that owns the store, and at one that does not.

public sealed class OwnerSiloWriteTests() : StateEngineWriteSuite(new SiloStore(atOwner: true));

public sealed class OwnerSiloListTests() : StateEngineListSuite(new SiloStore(atOwner: true));

public sealed class OwnerSiloWatchTests() : StateEngineWatchSuite(new SiloStore(atOwner: true));

public sealed class OtherSiloWriteTests() : StateEngineWriteSuite(new SiloStore(atOwner: false));

public sealed class OtherSiloListTests() : StateEngineListSuite(new SiloStore(atOwner: false));

public sealed class OtherSiloWatchTests() : StateEngineWatchSuite(new SiloStore(atOwner: false));

internal sealed class SiloStore(bool atOwner) : IContractStore
{
    private SiloClusterStore? _store;

    public async Task<IStateEngine> OpenAsync(ManualClock clock)
    {
        var cluster = await SharedSilos.GetAsync();
        _store = await cluster.OpenStoreAsync(clock, TestContext.Current.CancellationToken);
        return _store.Engine(atOwner ? _store.Owner : (_store.Owner + 1) % cluster.Count);
    }

    public ValueTask DisposeAsync() => _store?.DisposeAsync() ?? ValueTask.CompletedTask;
}
