using KubeAspire.StateStore.Redis;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Placement;

namespace KubeAspire.Silo.Grains;

/// <summary>A <see cref="Sequencer"/> that lives as long as the activation. All rules are the sequencer's.</summary>
/// <remarks>Beside the silo that first asks, and never collected for idleness: a takeover costs two round trips to Redis.</remarks>
[PreferLocalPlacement]
[CollectionAgeLimit(AlwaysActive = true)]
[Reentrant]
internal sealed class StoreOwnerGrain(OrleansStateStore store, ClusterMembers members) : Grain, IStoreOwnerGrain
{
    private Sequencer? _sequencer;
    private CancellationTokenRegistration _deposed;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var engine = await store.EngineAsync(this.GetPrimaryKeyString(), cancellationToken);
        _sequencer = await engine.TakeOverAsync(cancellationToken);

        // An owner whose place was taken is of no more use: whoever asks next activates another, which begins at the log's end.
        // And why was it taken? This silo may have slept, and be held dead.
        _deposed = _sequencer.Deposed.Register(() =>
        {
            _ = members.LookAsync();
            GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "the store was taken over"));
        });
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _deposed.DisposeAsync();
        if (_sequencer is { } sequencer)
        {
            await sequencer.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreOwnerAnswer> SubmitAsync(byte[] request)
    {
        var answer = await _sequencer!.SubmitAsync(SequencerRequest.Decode(request), CancellationToken.None);
        return new StoreOwnerAnswer((int)answer.Outcome, answer.Index);
    }
}
