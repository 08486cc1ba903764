using System.Collections.Concurrent;

namespace KubeAspire.StateStore.Redis;

/// <summary>The writes of this engine whose ends their callers do not know yet. The log tells of each that was committed, however the call went.</summary>
internal sealed class PendingWrites
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<StateEntry>> _pending = new();
    private long _calls;

    /// <summary>Names this engine in the log.</summary>
    public Guid Engine { get; } = Guid.NewGuid();

    /// <summary>Begins a call.</summary>
    public (WriteTicket Ticket, Task<StateEntry> Committed) Begin()
    {
        var ticket = new WriteTicket(Engine, Interlocked.Increment(ref _calls));
        var committed = new TaskCompletionSource<StateEntry>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[ticket.Call] = committed;
        return (ticket, committed.Task);
    }

    /// <summary>Ends a call, whatever became of it.</summary>
    public void End(WriteTicket ticket) => _pending.TryRemove(ticket.Call, out _);

    /// <summary>Takes note of a write in the log.</summary>
    public void OnCommitted(WriteTicket ticket, StateEntry entry)
    {
        if (ticket.Engine == Engine && _pending.TryGetValue(ticket.Call, out var committed))
        {
            committed.TrySetResult(entry);
        }
    }

    /// <summary>Part of the log was never seen: nobody can say any more whether a write that is pending lies in it.</summary>
    public void OnJumped()
    {
        foreach (var committed in _pending.Values)
        {
            committed.TrySetException(new StateOutcomeUnknownException("the log was trimmed before this silo had read it"));
            _ = committed.Task.Exception;
        }
    }
}
