using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Watching;

namespace KubeAspire.StateStore.Redis;

/// <summary>
/// The state engine of several silos: the log and its snapshots are in Redis, every silo holds the whole state and follows the log, and
/// one silo at a time, the owner, puts writes in order. What it promises and what is in Redis: docs/specs/clustering.md.
/// </summary>
public sealed partial class RedisStateEngine : IStateEngine, IStateCopySource
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
    private Sequencer? _owner;
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
    public async Task<Sequencer> TakeOverAsync(CancellationToken cancellationToken)
    {
        ThrowIfStopped();
        return _owner = await Sequencer.TakeOverAsync(_replica, _log, _options, _instruments, SnapshotWhenDue, _logger, cancellationToken);
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

        // An owner has no use without the state that it checks writes against.
        if (_owner is { } owner)
        {
            await owner.DisposeAsync();
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
}
