using System.Threading.Channels;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Redis;

/// <summary>
/// One time that a silo owns the store. It checks writes against the newest state, puts them in order, and appends them in batches, each
/// at the place where it believes the log to end. The first append that finds the place taken ends it: it never commits again, and
/// whoever asks it is sent on.
/// </summary>
/// <remarks>
/// It begins with an entry of its own, the takeover. Behind that entry no append of an earlier owner can land, wherever that owner sleeps
/// and whenever it wakes. Nothing depends on there being one owner at a time, but speed.
/// </remarks>
public sealed class Sequencer : IAsyncDisposable
{
    /// <summary>Writes waiting at most; more callers wait for a place. 4,096: some batches.</summary>
    public const int MaxQueued = 4_096;

    /// <summary>Writes in one batch at most. 1,024: some milliseconds of Redis' time.</summary>
    public const int MaxBatchWrites = 1_024;

    /// <summary>Bytes of values after which a batch is closed. 4 MiB.</summary>
    public const int MaxBatchBytes = 4 << 20;

    private readonly Replica _replica;
    private readonly RedisLog _log;
    private readonly StateStoreInstruments _instruments;
    private readonly TimeProvider _clock;
    private readonly Action _onCommitted;
    private readonly ILogger _logger;
    private readonly Guid _writer = Guid.NewGuid();
    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _deposed = new();
    private readonly List<Waiting> _batch = [];
    private readonly HashSet<WriteTicket> _inBatch = [];

    // Calls brought more than once and refused: the one that was brought first may be on its way still, and its caller has his answer.
    private readonly HashSet<WriteTicket> _refused = [];
    private readonly Queue<WriteTicket> _refusedOrder = new();
    private LogPosition _position;
    private Task _committing = Task.CompletedTask;

    private Sequencer(Replica replica, RedisLog log, StateStoreInstruments instruments, TimeProvider clock, Action onCommitted, ILogger logger) =>
        (_replica, _log, _instruments, _clock, _onCommitted, _logger) = (replica, log, instruments, clock, onCommitted, logger);

    /// <summary>Cancelled when somebody else owns the store, or this owner has stopped.</summary>
    public CancellationToken Deposed => _deposed.Token;

    internal static async Task<Sequencer> TakeOverAsync(
        Replica replica, RedisLog log, RedisStateOptions options, StateStoreInstruments instruments, Action onCommitted, ILogger logger, CancellationToken cancellationToken)
    {
        var sequencer = new Sequencer(replica, log, instruments, options.NetworkClock, onCommitted, logger);
        try
        {
            await sequencer.BeginAsync(options, cancellationToken);
        }
        catch
        {
            await sequencer.DisposeAsync();
            throw;
        }

        sequencer._committing = Task.Run(sequencer.CommitAllAsync, CancellationToken.None);
        return sequencer;
    }

    /// <summary>Commits a write, or says why not.</summary>
    public async ValueTask<SequencerAnswer> SubmitAsync(SequencerRequest request, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(request);
        try
        {
            await _queue.Writer.WriteAsync(waiting, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return new SequencerAnswer(SequencerOutcome.NotOwner, _replica.Index);
        }

        return await waiting.Answer.Task;
    }

    /// <summary>Commits what is queued, takes nothing more, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        if (await Task.WhenAny(_committing, Task.Delay(LongestDrain, _clock, CancellationToken.None)) != _committing)
        {
            await _stop.CancelAsync();
        }

        await _committing;
        await _deposed.CancelAsync();
        _stop.Dispose();
    }

    /// <summary>How long an owner that stops may take over what is queued. 5 s: it is milliseconds where Redis answers.</summary>
    public static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(5);

    private async Task BeginAsync(RedisStateOptions options, CancellationToken cancellationToken)
    {
        while (true)
        {
            var head = await _log.HeadAsync(cancellationToken);
            head.ThrowIfNot(_replica.Store);
            await _replica.WaitForAsync(head.Index, options.Patience, options.NetworkClock, cancellationToken);
            var (state, position) = _replica.Look();
            if (position.Index != head.Index)
            {
                continue; // It went on meanwhile.
            }

            var entry = LogEntry.Encode(position, _writer, LogEntryKind.Takeover, options.SiloName, state.Revision + 1, [], [], out var crc);
            if (await _log.AppendAsync(head, entry, deletesOnly: true, cancellationToken) == AppendOutcome.Appended)
            {
                _position = new LogPosition(position.Index + 1, crc);
                _replica.Publish(position, _position, _replica.Draft(), [], entry.Length);
                _logger.TookOver(options.SiloName, _writer, _position.Index, state.Revision);
                return;
            }
        }
    }

    private async Task CommitAllAsync()
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
            {
                TakeBatch();
                if (!await CommitAsync(deletesOnly: false))
                {
                    break;
                }
            }
        }
#pragma warning disable CA1031 // Whatever it was: this owner has lost its way. The callers are sent on, and another begins from the log.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            _logger.OwnerFailed(failed, _writer);
            AnswerRest(new SequencerAnswer(SequencerOutcome.NotOwner, _position.Index));
        }

        _queue.Writer.TryComplete();
        while (_queue.Reader.TryRead(out var late))
        {
            late.Answer.TrySetResult(new SequencerAnswer(SequencerOutcome.NotOwner, _position.Index));
        }

        await _deposed.CancelAsync();
    }

    private void TakeBatch()
    {
        _batch.Clear();
        long bytes = 0;
        while (_batch.Count < MaxBatchWrites && bytes < MaxBatchBytes && _queue.Reader.TryRead(out var waiting))
        {
            bytes += waiting.Request.Value.Json.Length;
            _batch.Add(waiting);
        }
    }

    // Whether this is still the owner.
    private async Task<bool> CommitAsync(bool deletesOnly)
    {
        var started = _clock.GetTimestamp();
        var (state, position) = _replica.Look();
        if (position != _position)
        {
            return Deposes(); // Somebody else's entry is there: the follower has seen it first.
        }

        var draft = _replica.Draft();
        var records = new RecordBuffer();
        var tickets = new List<WriteTicket>(_batch.Count);
        _inBatch.Clear();
        foreach (var waiting in _batch)
        {
            waiting.Result = Apply(waiting.Request, draft, records, tickets, deletesOnly);
        }

        var head = new LogHead(_position.Index, _replica.Store);
        if (records.Length == 0)
        {
            // Refusals are promises, too: that the state they were made upon is the newest one.
            if (await _log.HeadAsync(_stop.Token) != head)
            {
                return Deposes();
            }
        }
        else
        {
            var entry = LogEntry.Encode(_position, _writer, LogEntryKind.Batch, "", state.Revision + 1, tickets, records.Written, out var crc);
            switch (await _log.AppendAsync(head, entry, deletesOnly, _stop.Token))
            {
                case AppendOutcome.Fenced:
                    return Deposes();
                case AppendOutcome.NoSpace when !deletesOnly:
                    return await CommitAsync(deletesOnly: true);
                case AppendOutcome.NoSpace:
                    AnswerRest(new SequencerAnswer(SequencerOutcome.NoSpace, _position.Index));
                    return true;
            }

            var before = _position;
            _position = new LogPosition(before.Index + 1, crc);
            _replica.Publish(before, _position, draft, tickets, entry.Length);
            _instruments.OnCommit(_clock.GetElapsedTime(started), _batch.Count);
        }

        foreach (var waiting in _batch)
        {
            // What this batch committed lies in the entry just appended.
            waiting.Answer.TrySetResult(waiting.Result is { Outcome: SequencerOutcome.Committed, Index: 0 } committed ? committed with { Index = _position.Index } : waiting.Result);
        }

        if (records.Length > 0)
        {
            _onCommitted();
        }

        return true;
    }

    private SequencerAnswer Apply(SequencerRequest request, StateDraft draft, RecordBuffer records, List<WriteTicket> tickets, bool deletesOnly)
    {
        if (request.Kind == WriteKind.Compact)
        {
            draft.Compact(request.Expected);
            LogFormat.AddCompact(records, draft.CompactTo);
            return new SequencerAnswer(SequencerOutcome.Committed, 0);
        }

        var (entry, floor) = _replica.WithCalls(calls => (calls.EntryOf(request.Ticket), calls.Floor));
        if (entry > 0 || _inBatch.Contains(request.Ticket))
        {
            return new SequencerAnswer(SequencerOutcome.Committed, entry);
        }

        if (_refused.Contains(request.Ticket))
        {
            return new SequencerAnswer(SequencerOutcome.Refused, _position.Index);
        }

        if (request.Since < floor)
        {
            return new SequencerAnswer(SequencerOutcome.TooOld, _position.Index);
        }

        var current = draft.Find(request.Key);
        if (Refuses(request.Kind, request.Expected, current))
        {
            if (request.Again)
            {
                Refuse(request.Ticket);
            }

            return new SequencerAnswer(SequencerOutcome.Refused, _position.Index);
        }

        if (request.Kind == WriteKind.Delete)
        {
            draft.Remove(RevisionDigits.Tombstone(current!, draft.Revision + 1), current!);
            LogFormat.AddDelete(records, current!.Key);
        }
        else if (deletesOnly)
        {
            return new SequencerAnswer(SequencerOutcome.NoSpace, _position.Index);
        }
        else
        {
            var revision = draft.Revision + 1;
            var stored = RevisionDigits.Fill(current?.Key ?? request.Key, request.Value, current?.CreateRevision ?? revision, revision);
            draft.Put(stored, current);
            LogFormat.AddPut(records, stored);
        }

        tickets.Add(request.Ticket);
        _inBatch.Add(request.Ticket);
        return new SequencerAnswer(SequencerOutcome.Committed, 0);
    }

    private void Refuse(WriteTicket ticket)
    {
        if (_refused.Add(ticket))
        {
            _refusedOrder.Enqueue(ticket);
            if (_refusedOrder.Count > MaxQueued)
            {
                _refused.Remove(_refusedOrder.Dequeue());
            }
        }
    }

    /// <summary>Whether a write is refused upon the current entry of its key.</summary>
    internal static bool Refuses(WriteKind kind, long expected, StateEntry? current) => kind switch
    {
        WriteKind.Create => current is not null,
        WriteKind.Update or WriteKind.Delete => current is null || current.Revision != expected,
        _ => false,
    };

    private bool Deposes()
    {
        _logger.Deposed(_writer, _position.Index);
        AnswerRest(new SequencerAnswer(SequencerOutcome.NotOwner, _position.Index));
        return false;
    }

    private void AnswerRest(SequencerAnswer answer)
    {
        foreach (var waiting in _batch)
        {
            waiting.Answer.TrySetResult(answer);
        }
    }

    private sealed class Waiting(SequencerRequest request)
    {
        public SequencerRequest Request { get; } = request;

        public SequencerAnswer Result { get; set; }

        public TaskCompletionSource<SequencerAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
