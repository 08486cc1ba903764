using KubeAspire.Testing;
using KubeAspire.Testing.StateEngineContract;

namespace KubeAspire.StateStore.Tests;

public sealed class EmbeddedWriteTests() : StateEngineWriteSuite(new EmbeddedStore());

public sealed class EmbeddedListTests() : StateEngineListSuite(new EmbeddedStore());

public sealed class EmbeddedWatchTests() : StateEngineWatchSuite(new EmbeddedStore());

internal sealed class EmbeddedStore : IContractStore
{
    private TemporaryStateEngine? _temporary;

    public async Task<IStateEngine> OpenAsync(ManualClock clock)
    {
        _temporary = await TemporaryStateEngine.OpenAsync(clock);
        return _temporary.Engine;
    }

    public ValueTask DisposeAsync() => _temporary?.DisposeAsync() ?? ValueTask.CompletedTask;
}
