using KubeAspire.StateStore.Engine;

namespace KubeAspire.StateStore.Redis;

/// <content>How a write comes to the owner of the store, and how its end is found out.</content>
public sealed partial class RedisStateEngine
{
    private async ValueTask<StateWrite> WriteAsync(WriteKind kind, StateKey key, StateValue value, long expected, CancellationToken cancellationToken)
    {
        StateLimits.ThrowIfUnfit(key);
        using var activity = StateStoreInstruments.Source.StartActivity(StateStoreInstruments.CommitActivity);
        var write = await SubmitAsync(kind, key, value, expected, cancellationToken);
        activity?.SetTag("kubeaspire.store.operation", kind.ToString())
            .SetTag("kubeaspire.store.key", key.ToString())
            .SetTag("kubeaspire.store.outcome", write.Outcome.ToString())
            .SetTag("kubeaspire.store.revision", write.Entry?.Revision);
        return write;
    }

    private async ValueTask<StateWrite> SubmitAsync(WriteKind kind, StateKey key, StateValue value, long expected, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfStopped();
        while (true)
        {
            var (ticket, committed) = _pending.Begin();
            try
            {
                if (await new WriteCall(this, kind, key, value, expected, ticket, committed).RunAsync() is { } write)
                {
                    return write;
                }
            }
            finally
            {
                _pending.End(ticket);
            }
        }
    }

    /// <summary>One write, brought to the owner of the store as often as it takes. In the log it stands once.</summary>
    private sealed class WriteCall(RedisStateEngine engine, WriteKind kind, StateKey key, StateValue value, long expected, WriteTicket ticket, Task<StateEntry> committed)
    {
        /// <summary>How long one try may take before the log is looked into, and the owner asked again. 3 s: an owner that lives answers in milliseconds.</summary>
        private static readonly TimeSpan s_try = TimeSpan.FromSeconds(3);

        private readonly RedisStateOptions _options = engine._options;
        private readonly long _started = engine._options.NetworkClock.GetTimestamp();
        private Exception? _unknown;
        private bool _refused;

        private TimeSpan Left => _options.Patience - _options.NetworkClock.GetElapsedTime(_started) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

        /// <summary>The write's end; null where it was refused upon a state that has passed, so that it is to be brought as another call.</summary>
        public async Task<StateWrite?> RunAsync()
        {
            var pause = RedisClient.ShortestPause;
            while (true)
            {
                // In this order: what is not known to be committed once the index has been read lies behind that index, if anywhere.
                var since = engine.Index;
                if (committed.IsCompleted)
                {
                    return new StateWrite(StateOutcome.Committed, await committed);
                }

                try
                {
                    if (await TryAsync(since) is { } write)
                    {
                        return write;
                    }

                    if (_refused)
                    {
                        return null;
                    }

                    if (Left == TimeSpan.Zero)
                    {
                        throw GiveUp(new TimeoutException());
                    }

                    // Whatever was committed by now is seen by this silo before it asks again.
                    await engine.CatchUpWithAllAsync(CancellationToken.None);
                    await Task.Delay(pause, _options.NetworkClock, engine._closing.Token);
                }
                catch (Exception gone) when (gone is OperationCanceledException or ObjectDisposedException && engine._closing.IsCancellationRequested)
                {
                    throw GiveUp(gone);
                }
                catch (StateUnavailableException gone)
                {
                    throw GiveUp(gone);
                }

                pause = pause * 2 < RedisClient.LongestPause ? pause * 2 : RedisClient.LongestPause;
            }
        }

        // The write's end, or null where it is to be asked for again.
        private async Task<StateWrite?> TryAsync(long since)
        {
            var answer = await AskAsync(new SequencerRequest(kind, key, value, expected, ticket, since, _unknown is not null));
            if (committed.IsCompleted)
            {
                return new StateWrite(StateOutcome.Committed, await committed);
            }

            switch (answer?.Outcome)
            {
                case SequencerOutcome.Committed:
                    await WaitForAsync(answer.Value.Index);
                    return new StateWrite(StateOutcome.Committed, kind == WriteKind.Compact ? null : await committed);
                case SequencerOutcome.Refused:
                    await WaitForAsync(answer.Value.Index);
                    var current = engine._replica.Draft().Find(key);

                    // This silo may be further by now, and the refusal no longer hold there.
                    _refused = true;
                    return !Sequencer.Refuses(kind, expected, current) ? null
                        : current is null ? new StateWrite(StateOutcome.Missing, null)
                        : new StateWrite(kind == WriteKind.Create ? StateOutcome.Exists : StateOutcome.Conflict, current);
                case SequencerOutcome.NoSpace:
                    return new StateWrite(StateOutcome.NoSpace, null);
                default:
                    return null;
            }
        }

        private async Task<SequencerAnswer?> AskAsync(SequencerRequest request)
        {
            var asked = engine._sequencer.SubmitAsync(request, engine._closing.Token).AsTask();
            try
            {
                // The log may tell before the owner does; of an owner that died, it alone tells.
                await Task.WhenAny(asked, committed).WaitAsync(s_try < Left ? s_try : Left, _options.NetworkClock, engine._closing.Token);
                if (asked.IsCompleted)
                {
                    return await asked;
                }
            }
#pragma warning disable CA1031 // However the way to the owner broke: what became of the write is asked of the log.
            catch (Exception broken) when (broken is not StateStoreException)
#pragma warning restore CA1031
            {
                _unknown = broken;
            }

            _ = asked.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return null;
        }

        private async Task WaitForAsync(long index)
        {
            try
            {
                await engine._replica.WaitForAsync(index, Left, _options.NetworkClock, engine._closing.Token);
            }
            catch (TimeoutException late)
            {
                _unknown = late;
                throw GiveUp(late);
            }
        }

        private Exception GiveUp(Exception reason) => _unknown is { } unknown
            ? new StateOutcomeUnknownException($"its owner did not answer ({unknown.Message})", reason)
            : engine._closing.IsCancellationRequested ? new ObjectDisposedException(nameof(IStateEngine)) : new StateUnavailableException("no silo owned the store in time", reason);
    }
}
