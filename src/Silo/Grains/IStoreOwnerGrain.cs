using KubeAspire.StateStore.Redis;
using Orleans.Concurrency;

namespace KubeAspire.Silo.Grains;

/// <summary>Owns the store: puts the cluster's writes in order. One of it is active at a time, as far as the cluster knows; the log's fence holds where it does not.</summary>
[Alias("KubeAspire.StoreOwner")]
internal interface IStoreOwnerGrain : IGrainWithStringKey
{
    /// <summary>Commits a write, or says why not.</summary>
    /// <param name="request"><see cref="SequencerRequest.Encode"/>.</param>
    [Alias("Submit")]
    [AlwaysInterleave]
    ValueTask<StoreOwnerAnswer> SubmitAsync([Immutable] byte[] request);
}

/// <summary>The owner's answer: <see cref="SequencerAnswer"/> on its way between silos.</summary>
[GenerateSerializer]
[Immutable]
[Alias("KubeAspire.StoreOwnerAnswer")]
internal readonly record struct StoreOwnerAnswer([property: Id(0)] int Outcome, [property: Id(1)] long Index);
