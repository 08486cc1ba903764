using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>What a write holds until its end is known: the gate it entered, and what was taken for it from a pool that others take from too.</summary>
/// <remarks>
/// What was taken is given back if the store did not take the write, and stays taken if nobody can say whether it did: what is then left over, a repair
/// finds. Registering is safe from several tasks at once; the rest belongs to the one that writes.
/// </remarks>
internal sealed class WriteHold(IDisposable? gate) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Func<Task>> _undo = [];
    private readonly List<Func<Task<bool>>> _after = [];
    private bool _unknown;

    /// <summary>The keys that were drawn for the object, not asked for: where another takes one first, another is drawn.</summary>
    public HashSet<StateKey> Drawn { get; } = [];

    /// <summary>Registers what is to be done if the write is not stored. It must not throw.</summary>
    public void IfNot(Func<Task> undo)
    {
        lock (_lock)
        {
            _undo.Add(undo);
        }
    }

    /// <summary>Registers what is to be done once the write is stored; false says that it may not stay. It must not throw.</summary>
    public void Then(Func<Task<bool>> after)
    {
        lock (_lock)
        {
            _after.Add(after);
        }
    }

    /// <summary>The write is on its way: until its outcome is here, nothing is given back.</summary>
    public void Writing() => _unknown = true;

    /// <summary>The write is stored. Returns whether it may stay.</summary>
    public async Task<bool> StoredAsync()
    {
        _unknown = false;
        _undo.Clear();
        return _after.Count == 0 || (await Task.WhenAll(Taken(_after).Select(after => after()))).All(stays => stays);
    }

    /// <summary>The write is not stored: what was taken for it goes back. The hold may be used for another attempt.</summary>
    public async Task GiveBackAsync()
    {
        _unknown = false;
        Drawn.Clear();
        _after.Clear();
        if (_undo.Count > 0)
        {
            await Task.WhenAll(Taken(_undo).Select(undo => undo()));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_unknown)
            {
                await GiveBackAsync();
            }
        }
        finally
        {
            gate?.Dispose();
        }
    }

    private static List<T> Taken<T>(List<T> from)
    {
        var all = from.ToList();
        from.Clear();
        return all;
    }
}
