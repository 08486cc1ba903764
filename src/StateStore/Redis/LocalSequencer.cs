namespace KubeAspire.StateStore.Redis;

/// <summary>
/// The owner of the store on this very silo, whoever else thinks the same: for a silo that is alone. Of several, each write takes the
/// store over from the one that wrote last, which is right and slow.
/// </summary>
public sealed class LocalSequencer(RedisStateEngine engine) : ISequencer, IAsyncDisposable
{
    private readonly SemaphoreSlim _changing = new(1);
    private Sequencer? _current;

    /// <inheritdoc/>
    public async ValueTask<SequencerAnswer> SubmitAsync(SequencerRequest request, CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref _current) is { Deposed.IsCancellationRequested: false } owner ? owner : await TakeOverAsync(cancellationToken);
        return await current.SubmitAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _changing.WaitAsync();
        if (_current is { } current)
        {
            await current.DisposeAsync();
        }

        _changing.Release();
    }

    private async Task<Sequencer> TakeOverAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (_current is { Deposed.IsCancellationRequested: false } owner)
            {
                return owner;
            }

            if (_current is { } before)
            {
                await before.DisposeAsync();
            }

            var current = await engine.TakeOverAsync(cancellationToken);
            Volatile.Write(ref _current, current);
            return current;
        }
        finally
        {
            _changing.Release();
        }
    }
}
