namespace KubeAspire.StateStore.Redis;

/// <content>How the silo comes to have the log, and stays beside its end.</content>
public sealed partial class RedisStateEngine
{
    private async Task CatchUpAsync(LogHead head, CancellationToken cancellationToken)
    {
        await LoadAsync(head, cancellationToken);
        while (_replica.Index < head.Index)
        {
            try
            {
                var entries = await _log.ReadAsync(_reader, _replica.Index, wait: false, cancellationToken);
                if (entries.Count == 0 || !entries.All(entry => _replica.Apply(entry.Index, entry.Entry)))
                {
                    // Trimmed since the snapshot was looked for: there is a newer one.
                    var before = _replica.Index;
                    await LoadAsync(head, cancellationToken);
                    if (_replica.Index == before)
                    {
                        throw new StateStoreCorruptException("the log in Redis", before + 1, "the entry is missing, and no snapshot includes it");
                    }
                }
            }
            catch (RedisLostException lost)
            {
                _logger.FollowingInterrupted(_replica.Index, lost.Message);
                await _client.PauseAsync(RedisClient.LongestPause, cancellationToken);
            }
        }
    }

    private async Task LoadAsync(LogHead head, CancellationToken cancellationToken)
    {
        while (await _snapshots.FindAsync(_client, cancellationToken) is { } snapshot && snapshot.Position.Index > _replica.Index)
        {
            if (snapshot.Store != head.Store)
            {
                throw new StateStoreCorruptException($"snapshot {snapshot.Id} in Redis", 0, "it is of another store than the log");
            }

            var draft = _replica.EmptyDraft();
            if (await _snapshots.LoadAsync(_client, snapshot, draft.Load, cancellationToken))
            {
                _replica.Jump(draft, snapshot);
                return;
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var (pause, interrupted) = (RedisClient.ShortestPause, false);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (interrupted)
                {
                    await HeadAsync(); // What is on the other side may be another Redis than before.
                }

                await FollowOnceAsync(cancellationToken);
                (pause, interrupted) = (RedisClient.ShortestPause, false);
            }
            catch (RedisLostException lost) when (!cancellationToken.IsCancellationRequested)
            {
                if (!interrupted)
                {
                    _logger.FollowingInterrupted(_replica.Index, lost.Message);
                }

                interrupted = true;
                await Task.Delay(pause, _options.NetworkClock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < RedisClient.LongestPause ? pause * 2 : RedisClient.LongestPause;
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it was: this silo can no longer follow, and must not answer from what it has.
            catch (Exception failed)
#pragma warning restore CA1031
            {
                Fail(failed);
                return;
            }
        }
    }

    private async Task FollowOnceAsync(CancellationToken cancellationToken)
    {
        var entries = await _log.ReadAsync(_reader, _replica.Index, wait: true, cancellationToken);
        if (entries.Count > 0 && entries.All(entry => _replica.Apply(entry.Index, entry.Entry)))
        {
            return;
        }

        // Nothing came, or not the next: is there nothing, or was it trimmed away while this silo slept?
        var before = _replica.Index;
        var head = await HeadAsync();
        if (head.Index == before || (await _log.ReadAsync(_reader, before, wait: false, cancellationToken) is [var next, ..] && next.Index <= before + 1) || _replica.Index > before)
        {
            return;
        }

        await LoadAsync(head, cancellationToken);
        if (_replica.Index == before)
        {
            throw new StateStoreCorruptException("the log in Redis", before + 1, "the entry is missing, and no snapshot includes it");
        }

        _logger.Jumped(before, _replica.Index);
    }
}
