namespace KubeAspire.ApiServer.Admission.Quota;

/// <summary>
/// One writer at a time in a namespace that has quotas: what is counted is then exactly what is stored, whatever comes at once.
/// Namespaces share a fixed number of gates, so that there is nothing to grow.
/// </summary>
internal sealed class NamespaceGates : IDisposable
{
    private const int Gates = 64;
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, Gates).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Waits for a namespace's gate; disposing gives it back.</summary>
    public async ValueTask<IDisposable> EnterAsync(string ns, CancellationToken cancellationToken)
    {
        var gate = _gates[(uint)string.GetHashCode(ns, StringComparison.Ordinal) % Gates];
        await gate.WaitAsync(cancellationToken);
        return new Held(gate);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var gate in _gates)
        {
            gate.Dispose();
        }
    }

    private sealed class Held(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
