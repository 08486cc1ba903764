using KubeAspire.StateStore.Redis;
using KubeAspire.Testing;
using KubeAspire.Testing.StateEngineContract;

namespace KubeAspire.StateStore.Tests.Redis;

public sealed class RedisWriteTests() : StateEngineWriteSuite(new ContractStore());

public sealed class RedisListTests() : StateEngineListSuite(new ContractStore());

public sealed class RedisWatchTests() : StateEngineWatchSuite(new ContractStore());

/// <summary>The engine under test is a silo that does not own the store: what the suites write goes through another one.</summary>
public sealed class RedisWriteThroughOwnerTests() : StateEngineWriteSuite(new ContractStore { OwnedByAnother = true });

public sealed class RedisWatchThroughOwnerTests() : StateEngineWatchSuite(new ContractStore { OwnedByAnother = true });

internal sealed class ContractStore : IContractStore
{
    private RedisStore? _store;

    public bool OwnedByAnother { get; init; }

    public async Task<IStateEngine> OpenAsync(ManualClock clock)
    {
        _store = await RedisStore.OfSharedAsync();
        if (!OwnedByAnother)
        {
            return await _store.OpenAsync(clock: clock);
        }

        var owner = await _store.OpenAsync();
        return await _store.OpenAsync(clock: clock, sequencer: _ => new Encoded(new LocalSequencer(owner)));
    }

    public ValueTask DisposeAsync() => _store?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>The way to an owner on another silo: everything passes as bytes.</summary>
internal sealed class Encoded(ISequencer owner) : ISequencer
{
    public ValueTask<SequencerAnswer> SubmitAsync(SequencerRequest request, CancellationToken cancellationToken) =>
        owner.SubmitAsync(SequencerRequest.Decode(request.Encode()), cancellationToken);
}
