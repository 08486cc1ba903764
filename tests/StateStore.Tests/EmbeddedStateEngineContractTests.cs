using KubeAspire.Testing;
using KubeAspire.Testing.StateEngineContract;

namespace KubeAspire.StateStore.Tests;

public sealed class EmbeddedWriteTests : StateEngineWriteSuite
{
    private readonly EmbeddedStore _store = new();

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class EmbeddedListTests : StateEngineListSuite
{
    private readonly EmbeddedStore _store = new();

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class EmbeddedWatchTests : StateEngineWatchSuite
{
    private readonly EmbeddedStore _store = new();

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

internal sealed class EmbeddedStore
{
    private TemporaryStateEngine? _temporary;

    public async Task<IStateEngine> Open(TimeProvider clock)
    {
        _temporary = await TemporaryStateEngine.OpenAsync(clock);
        return _temporary.Engine;
    }

    public ValueTask CloseAsync() => _temporary?.DisposeAsync() ?? ValueTask.CompletedTask;
}
