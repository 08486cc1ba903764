namespace KubeAspire.StateStore.Redis;

/// <summary>
/// The calls whose writes the last part of the log holds. An owner of the store asks here before it commits, so that a call that
/// reaches it twice, or that the owner before it had committed already, takes place once. Every silo has the same, from the same log.
/// </summary>
internal sealed class CommittedCalls
{
    /// <summary>Calls remembered. 65,536: seconds of the fastest store; a call that was older when it came is sent back to look for itself first.</summary>
    public const int Most = 65_536;

    private readonly Queue<(WriteTicket Ticket, long Index)> _order = new();
    private readonly Dictionary<WriteTicket, long> _entries = [];

    /// <summary>Calls committed up to this entry may be forgotten; all later ones are known.</summary>
    public long Floor { get; private set; }

    /// <summary>The entry that holds a call's write; 0 where none does, as far as is known.</summary>
    public long EntryOf(WriteTicket ticket) => _entries.GetValueOrDefault(ticket);

    public void Add(WriteTicket ticket, long index)
    {
        if (!_entries.TryAdd(ticket, index))
        {
            return;
        }

        _order.Enqueue((ticket, index));
        if (_order.Count > Most)
        {
            var (oldest, at) = _order.Dequeue();
            _entries.Remove(oldest);
            Floor = Math.Max(Floor, at);
        }
    }

    /// <summary>Begins anew behind an entry.</summary>
    public void Reset(long index)
    {
        _order.Clear();
        _entries.Clear();
        Floor = index;
    }
}
