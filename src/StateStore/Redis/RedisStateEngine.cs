using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore.Redis;

/// <summary>
/// The state engine of several silos: the log and its snapshots are in Redis, every silo holds the whole state and follows the log, and
/// one silo at a time, the owner, puts writes in order. What it promises and what is in Redis: docs/specs/clustering.md.
/// </summary>
public sealed class RedisStateEngine : IStateEngine, IStateCopySource
{
    private readonly RedisStateOptions _options;
    private readonly RedisClient _client;
    private readonly RedisClient _reader;
    private readonly RedisLog _log;
    private readonly RedisSnapshots _snapshots;
    private readonly Replica _replica;
    private readonly HeadReader _heads;
    private readonly PendingWrites _pending = new();
    private readonly StateStoreInstruments _instruments = new();
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly ISequencer _sequencer;
    private Task _following = Task.CompletedTask;
    private Task _snapshotting = Task.CompletedTask;
    private long _snapshotBytes;
    private int _snapshotRuns;
    private int _disposed;
    private StateStoreException? _failed;

    private RedisStateEngine(RedisStateOptions options, RedisClient client, Replica replica, Func<RedisStateEngine, ISequencer> sequencer, ILogger logger)
    {
        (_options, _client, _replica, _logger) = (options, client, replica, logger);
        _reader = new RedisClient(client.Address, options);
        _log = new RedisLog(client, options);
        _snapshots = new RedisSnapshots(options);
        _heads = new HeadReader(HeadAsync);
        replica.OnCommitted = _pending.OnCommitted;
        replica.OnTakeover = (writer, silo) => logger.SawTakeover(silo, writer);
        _instruments.Observe(() => Revision, () => CompactedRevision, () => Interlocked.Read(ref _snapshotBytes) + replica.LogBytes);
        _sequencer = sequencer(this);
    }

    /// <inheritdoc/>
    public long Revision => _replica.History.State.Revision;

    /// <inheritdoc/>
    public long CompactedRevision => _replica.History.Compacted;

    /// <summary>The last entry of the log that this silo has applied.</summary>
    public long Index => _replica.Index;

    /// <summary>Opens the store in Redis, or begins a new one where there is none; has caught up with the log when it returns.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="sequencer">Makes the way to the owner of the store.</param>
    /// <param name="loggers">Takes what is worth knowing.</param>
    /// <param name="clock">Ages history and times watches.</param>
    /// <param name="cancellationToken">Gives up. Until then Redis is waited for.</param>
    /// <exception cref="StateStoreCorruptException">What is in Redis is not what was written.</exception>
    public static async Task<RedisStateEngine> OpenAsync(
        RedisStateOptions options, Func<RedisStateEngine, ISequencer> sequencer, ILoggerFactory loggers, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(sequencer);
        ArgumentNullException.ThrowIfNull(loggers);
        var logger = loggers.CreateLogger<RedisStateEngine>();
        var started = clock.GetTimestamp();
        var client = new RedisClient(RedisAddress.Parse(options.ConnectionString), options);
        RedisStateEngine? engine = null;
        try
        {
            await RedisServerCheck.CheckAsync(client, logger, cancellationToken);
            var head = await new RedisLog(client, options).OpenAsync(cancellationToken);
            var history = new EventHistory(options.Store, clock, new StoreState(EmbeddedStateEngine.FirstRevision, []), compacted: 0);
            engine = new RedisStateEngine(options, client, new Replica(history, head.Store), sequencer, logger);
            await engine.CatchUpAsync(head, cancellationToken);
            engine._replica.OnJumped = _ => engine._pending.OnJumped();
            engine._following = Task.Run(() => engine.FollowAsync(engine._closing.Token), CancellationToken.None);
        }
        catch
        {
            await (engine?.DisposeAsync() ?? client.DisposeAsync());
            throw;
        }

        logger.OpenedRedis(client.Address.ToString(), engine._replica.Store, engine.Index, engine.Revision, engine._replica.History.State.Count(), (long)clock.GetElapsedTime(started).TotalMilliseconds);
        return engine;
    }

    /// <summary>Makes this silo the owner of the store, until another one becomes it.</summary>
    public Task<Sequencer> TakeOverAsync(CancellationToken cancellationToken)
    {
        ThrowIfStopped();
        return Sequencer.TakeOverAsync(_replica, _log, _options, _instruments, SnapshotWhenDue, _logger, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken)
    {
        await CatchUpWithAllAsync(cancellationToken);
        return _replica.Draft().Find(key);
    }

    /// <inheritdoc/>
    public async ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        cancellationToken.ThrowIfCancellationRequested();

        // A revision that is here is the same everywhere.
        if (revision == 0 || revision > Revision)
        {
            await CatchUpWithAllAsync(cancellationToken);
        }

        return StateReader.List(_replica.History, range, revision, limit, after);
    }

    /// <inheritdoc/>
    public ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) =>
        WriteAsync(WriteKind.Create, key, StateLimits.Checked(value), 0, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) =>
        WriteAsync(WriteKind.Update, key, StateLimits.Checked(value), expectedRevision, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) =>
        WriteAsync(WriteKind.Delete, key, new StateValue(default, -1), expectedRevision, cancellationToken);

    /// <inheritdoc/>
    public IStateWatch Watch(StateRange range, long afterRevision) => new StateWatch(_replica.History, range, afterRevision);

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        if (revision > CompactedRevision)
        {
            await SubmitAsync(WriteKind.Compact, new StateKey("", "", ""), new StateValue(default, -1), revision, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public StateCopy Copy()
    {
        var state = _replica.History.State;
        return new StateCopy(_replica.Store, state.Revision, state.All());
    }

    /// <summary>Ends the watches, and leaves the store to the others.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_sequencer is IAsyncDisposable local)
        {
            await local.DisposeAsync();
        }

        await _closing.CancelAsync();
        _replica.History.Close();
        await _following;
        await _snapshotting;
        await _reader.DisposeAsync();
        await _client.DisposeAsync();
        _instruments.Dispose();
        _closing.Dispose();
    }

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
        var (ticket, committed) = _pending.Begin();
        try
        {
            return await new WriteCall(this, kind, key, value, expected, ticket, committed).RunAsync();
        }
        finally
        {
            _pending.End(ticket);
        }
    }

    // Everything acknowledged before the call is then part of this silo's state.
    private async ValueTask CatchUpWithAllAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfStopped();
        try
        {
            var head = await _heads.ReadAsync().WaitAsync(_options.Patience, _options.NetworkClock, cancellationToken);
            await _replica.WaitForAsync(head.Index, _options.Patience, _options.NetworkClock, cancellationToken);
        }
        catch (TimeoutException late)
        {
            throw new StateUnavailableException($"Redis at {_client.Address} did not show the end of the log within {_options.Patience.TotalSeconds:0} s", late);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(IStateEngine));
        }
    }

    private async Task<LogHead> HeadAsync()
    {
        var known = _replica.Index;
        var head = await _log.HeadAsync(_closing.Token);
        if (head.Store != _replica.Store || head.Index < known)
        {
            throw Fail(Lost(head, known));
        }

        return head;
    }

    private StateStoreException Lost(LogHead head, long known) => new(
        head.Store == _replica.Store ? $"Redis has lost acknowledged writes: the log ends at entry {head.Index}, and {known} were there"
        : head.Store == default ? "Redis has lost the cluster's state" : $"Redis holds another store, {head.Store:n}, in place of {_replica.Store:n}");

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

    private void SnapshotWhenDue()
    {
        if (_replica.LogBytes < Math.Max(_options.Store.SnapshotAfterLogBytes, Interlocked.Read(ref _snapshotBytes)) || Interlocked.Exchange(ref _snapshotRuns, 1) != 0)
        {
            return;
        }

        _snapshotting = Task.Run(WriteSnapshotAsync, CancellationToken.None);
    }

    private async Task WriteSnapshotAsync()
    {
        var started = _options.NetworkClock.GetTimestamp();
        var (state, position) = _replica.Look();
        var bytesBefore = _replica.LogBytes;
        try
        {
            // On a connection of its own: its large blocks must not stand before anybody's commit.
            await using var client = new RedisClient(_client.Address, _options);
            if (await _snapshots.WriteAsync(client, state, position, _replica.Store, _closing.Token) is var bytes and > 0)
            {
                Interlocked.Exchange(ref _snapshotBytes, bytes);
                _logger.RedisSnapshotWritten(state.Revision, position.Index, bytes, (long)_options.NetworkClock.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        catch (Exception failed) when (failed is IOException or OperationCanceledException or ObjectDisposedException)
        {
            if (!_closing.IsCancellationRequested)
            {
                _logger.RedisSnapshotFailed(failed, state.Revision);
            }
        }
        finally
        {
            _replica.OnSnapshot(bytesBefore);
            Interlocked.Exchange(ref _snapshotRuns, 0);
        }
    }

    private StateStoreException Fail(Exception exception)
    {
        var failed = new StateStoreException($"The state store has stopped: {exception.Message}", exception);
        if (Interlocked.CompareExchange(ref _failed, failed, null) is { } before)
        {
            return before;
        }

        _logger.RedisBroken(exception);
        _replica.History.Close();
        _options.FailStop(failed.Message, exception);
        return failed;
    }

    private void ThrowIfStopped()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (Volatile.Read(ref _failed) is { } failed)
        {
            throw failed;
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

        private TimeSpan Left => _options.Patience - _options.NetworkClock.GetElapsedTime(_started) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

        public async Task<StateWrite> RunAsync()
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
            var answer = await AskAsync(new SequencerRequest(kind, key, value, expected, ticket, since));
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

                    // This silo may be further by now. A refusal that no longer holds there is none: the write is brought once more.
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
            try
            {
                var asked = engine._sequencer.SubmitAsync(request, engine._closing.Token).AsTask();

                // The log may tell before the owner does; of an owner that died, it alone tells.
                await Task.WhenAny(asked, committed).WaitAsync(s_try < Left ? s_try : Left, _options.NetworkClock, engine._closing.Token);
                if (asked.IsCompleted)
                {
                    return await asked;
                }

                _unknown ??= new TimeoutException("it is not known whether the write reached it");
                _ = asked.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                return null;
            }
#pragma warning disable CA1031 // However the way to the owner broke: what became of the write is asked of the log.
            catch (Exception broken) when (broken is not StateStoreException)
#pragma warning restore CA1031
            {
                _unknown = broken;
                return null;
            }
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
