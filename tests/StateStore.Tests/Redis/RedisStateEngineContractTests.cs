using KubeAspire.StateStore.Redis;
using KubeAspire.Testing;
using KubeAspire.Testing.StateEngineContract;

namespace KubeAspire.StateStore.Tests.Redis;

public sealed class RedisWriteTests : StateEngineWriteSuite
{
    private readonly ContractStore _store = new();

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class RedisListTests : StateEngineListSuite
{
    private readonly ContractStore _store = new();

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class RedisWatchTests : StateEngineWatchSuite
{
    private readonly ContractStore _store = new();

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

/// <summary>The engine under test is a silo that does not own the store: what the suites write goes through another one.</summary>
public sealed class RedisWriteThroughOwnerTests : StateEngineWriteSuite
{
    private readonly ContractStore _store = new() { OwnedByAnother = true };

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

public sealed class RedisWatchThroughOwnerTests : StateEngineWatchSuite
{
    private readonly ContractStore _store = new() { OwnedByAnother = true };

    protected override Task<IStateEngine> Open(ManualClock clock) => _store.Open(clock);

    protected override ValueTask CloseAsync() => _store.CloseAsync();
}

internal sealed class ContractStore
{
    private RedisStore? _store;

    public bool OwnedByAnother { get; init; }

    public async Task<IStateEngine> Open(TimeProvider clock)
    {
        _store = await RedisStore.OfSharedAsync();
        if (!OwnedByAnother)
        {
            return await _store.OpenAsync(clock: clock);
        }

        var owner = await _store.OpenAsync();
        return await _store.OpenAsync(clock: clock, sequencer: _ => new Encoded(new LocalSequencer(owner)));
    }

    public ValueTask CloseAsync() => _store?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>The way to an owner on another silo: everything passes as bytes.</summary>
internal sealed class Encoded(ISequencer owner) : ISequencer
{
    public ValueTask<SequencerAnswer> SubmitAsync(SequencerRequest request, CancellationToken cancellationToken) =>
        owner.SubmitAsync(SequencerRequest.Decode(request.Encode()), cancellationToken);
}
