using KubeAspire.StateStore.Redis;

namespace KubeAspire.StateStore.Tests.Redis.Planted;

/// <summary>The bugs that lie in a silo's engine: a good one with a mistake before it.</summary>
internal sealed class BuggySilo(RedisStateEngine good, RedisBug bug) : IStateEngine
{
    public long Revision => good.Revision;

    public long CompactedRevision => good.CompactedRevision;

    public ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken) =>
        bug == RedisBug.ReadsWithoutAsking ? ValueTask.FromResult(Remembered(good, key)) : good.GetAsync(key, cancellationToken);

    public ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken) =>
        good.ListAsync(range, revision, limit, after, cancellationToken);

    public ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) => good.CreateAsync(key, value, cancellationToken);

    public ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) =>
        good.UpdateAsync(key, value, expectedRevision, cancellationToken);

    public ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) => good.DeleteAsync(key, expectedRevision, cancellationToken);

    public IStateWatch Watch(StateRange range, long afterRevision) =>
        bug == RedisBug.JumpsWithoutTelling ? new UntoldWatch(good, range, afterRevision) : good.Watch(range, afterRevision);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => good.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => good.DisposeAsync();

    /// <summary>What a silo has in memory of a key.</summary>
    public static StateEntry? Remembered(RedisStateEngine silo, StateKey key) => silo.Copy().Entries.FirstOrDefault(entry => entry.Key == key);

    private sealed class UntoldWatch(RedisStateEngine good, StateRange range, long after) : IStateWatch
    {
        private IStateWatch _watch = good.Watch(range, after);

        public async ValueTask<StateWatchBatch> NextAsync(TimeSpan maxWait, CancellationToken cancellationToken)
        {
            var batch = await _watch.NextAsync(maxWait, cancellationToken);
            if (batch.Outcome == StateReadOutcome.Ok)
            {
                return batch;
            }

            _watch.Dispose();
            _watch = good.Watch(range, good.Revision);
            return await _watch.NextAsync(TimeSpan.Zero, cancellationToken);
        }

        public void Dispose() => _watch.Dispose();
    }
}

/// <summary>The bugs that lie in the owner, or on the way to it.</summary>
/// <param name="owner">The good one.</param>
/// <param name="silo">The silo whose way this is.</param>
/// <param name="bug">Which.</param>
internal sealed class BuggyOwner(ISequencer owner, RedisStateEngine silo, RedisBug bug) : ISequencer
{
    private long _calls;

    public async ValueTask<SequencerAnswer> SubmitAsync(SequencerRequest request, CancellationToken cancellationToken)
    {
        if (bug == RedisBug.RefusesFromMemory && Sequencer.Refuses(request.Kind, request.Expected, BuggySilo.Remembered(silo, request.Key)))
        {
            return new SequencerAnswer(SequencerOutcome.Refused, silo.Index);
        }

        if (bug == RedisBug.ForgetsTickets && Interlocked.Increment(ref _calls) % 3 == 0)
        {
            // Its answer is lost, and the call is brought again: to an owner that takes it for another.
            var forgotten = new WriteTicket(Guid.NewGuid(), request.Ticket.Call);
            await owner.SubmitAsync(new SequencerRequest(request.Kind, request.Key, request.Value, request.Expected, forgotten, request.Since, again: false), cancellationToken);
        }

        return await owner.SubmitAsync(request, cancellationToken);
    }
}
