using System.Threading.Tasks.Sources;

namespace KubeAspire.StateStore.Engine;

/// <summary>What a write asks for.</summary>
internal enum WriteKind
{
    Create,
    Update,
    Delete,
    Compact,
}

/// <summary>A write under way. Reused: it belongs to its caller until the result has been taken.</summary>
internal sealed class WriteRequest(CommitQueue owner) : IValueTaskSource<StateWrite>
{
    private ManualResetValueTaskSourceCore<StateWrite> _source = new() { RunContinuationsAsynchronously = true };

    public WriteKind Kind { get; private set; }

    public StateKey Key { get; private set; }

    public StateValue Value { get; private set; }

    /// <summary>Of an update or delete, the revision it expects; of a compaction, the revision to forget up to.</summary>
    public long Expected { get; private set; }

    /// <summary>The result, to be made known when the batch is durable.</summary>
    public StateWrite Result { get; set; }

    /// <summary>What to await.</summary>
    public ValueTask<StateWrite> Task => new(this, _source.Version);

    public void Set(WriteKind kind, StateKey key, StateValue value, long expected) =>
        (Kind, Key, Value, Expected, Result) = (kind, key, value, expected, default);

    /// <summary>Answers the caller.</summary>
    /// <param name="failure">Why there is no result; null where there is.</param>
    public void Complete(Exception? failure)
    {
        if (failure is null)
        {
            _source.SetResult(Result);
        }
        else
        {
            _source.SetException(failure);
        }
    }

    /// <summary>Forgets what it held, for the next use.</summary>
    public void Clear()
    {
        _source.Reset();
        Set(default, default, default, 0);
    }

    /// <inheritdoc/>
    StateWrite IValueTaskSource<StateWrite>.GetResult(short token)
    {
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            owner.Return(this);
        }
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<StateWrite>.GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<StateWrite>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
