using KubeAspire.Testing;
using KubeAspire.Testing.Processes;
using KubeAspire.Testing.StateEngineContract;

namespace KubeAspire.StateStore.Tests.Clusters;

// The contract on three silo processes and a real Redis: at the silo that owns the store, and at one that does not.

public sealed class OwnerSiloWriteTests : StateEngineWriteSuite
{
    private readonly SiloStore _store = new(atOwner: true);

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.OpenAsync(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class OwnerSiloListTests : StateEngineListSuite
{
    private readonly SiloStore _store = new(atOwner: true);

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.OpenAsync(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class OwnerSiloWatchTests : StateEngineWatchSuite
{
    private readonly SiloStore _store = new(atOwner: true);

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.OpenAsync(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class OtherSiloWriteTests : StateEngineWriteSuite
{
    private readonly SiloStore _store = new(atOwner: false);

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.OpenAsync(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class OtherSiloListTests : StateEngineListSuite
{
    private readonly SiloStore _store = new(atOwner: false);

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.OpenAsync(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class OtherSiloWatchTests : StateEngineWatchSuite
{
    private readonly SiloStore _store = new(atOwner: false);

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.OpenAsync(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

internal sealed class SiloStore(bool atOwner)
{
    private SiloClusterStore? _store;

    public async Task<IStateEngine> OpenAsync(ManualClock clock)
    {
        var cluster = await SharedSilos.GetAsync();
        _store = await cluster.OpenStoreAsync(clock, TestContext.Current.CancellationToken);
        return _store.Engine(atOwner ? _store.Owner : (_store.Owner + 1) % cluster.Count);
    }

    public ValueTask CloseAsync() => _store?.DisposeAsync() ?? ValueTask.CompletedTask;
}
