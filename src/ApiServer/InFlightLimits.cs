namespace KubeAspire.ApiServer;

/// <summary>Bounds the requests that are served at once, reads and writes apart: the first form of fairness. Watches and streams are not counted.</summary>
public sealed class InFlightLimits : IDisposable
{
    private readonly SemaphoreSlim _writes = new(ApiLimits.MutatingInFlight);
    private readonly SemaphoreSlim _reads = new(ApiLimits.ReadsInFlight);

    /// <summary>Takes a place, or null where none is free.</summary>
    public IDisposable? TryEnter(string verb)
    {
        if (verb is "watch" or "connect")
        {
            return Slot.Free;
        }

        var gate = verb is "get" or "list" or "head" or "options" ? _reads : _writes;
        return gate.Wait(0, CancellationToken.None) ? new Slot(gate) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writes.Dispose();
        _reads.Dispose();
    }

    private sealed class Slot(SemaphoreSlim? gate) : IDisposable
    {
        public static Slot Free { get; } = new(null);

        public void Dispose() => gate?.Release();
    }
}
