using KubeAspire.ControllerRuntime.Leadership;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace KubeAspire.Silo.Grains;

/// <summary>Leadership by <see cref="LeaderGrain"/>: asked for until it is granted, kept by asking again, lost when a term passes without an answer.</summary>
internal sealed class OrleansLeadership(IGrainFactory grains, ILocalSiloDetails silo, TimeProvider clock, ILogger<OrleansLeadership> logger) : ILeadership, IAsyncDisposable
{
    /// <summary>How often is asked. 1 s: an eighth of a term.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Guid _candidate = Guid.NewGuid();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _terms = [];
    private int _disposed;

    /// <inheritdoc/>
    public async Task<CancellationToken> AcquireAsync(string work, CancellationToken cancellationToken)
    {
        while (true)
        {
            var asked = clock.GetTimestamp();
            if (await AskAsync(work, holds: false))
            {
                var leading = new CancellationTokenSource();
                lock (_terms)
                {
                    _terms.RemoveAll(term => term.IsCompleted);
                    _terms.Add(KeepAsync(work, asked, leading));
                }

                return leading.Token;
            }

            await Task.Delay(Interval, clock, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Whoever ends the silo ends this first; the host that holds it does so once more.
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync();
        Task[] terms;
        lock (_terms)
        {
            terms = [.. _terms];
        }

        await Task.WhenAll(terms);
    }

    // The term is counted from before the question: the grain counts from after it.
    private async Task KeepAsync(string work, long asked, CancellationTokenSource leading)
    {
        logger.Leads(work);
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(Interval, clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = clock.GetTimestamp();
            if (clock.GetElapsedTime(asked) >= LeaderGrain.Term)
            {
                break; // It slept, or nobody answered: another silo may have the work by now.
            }

            var left = LeaderGrain.Term - clock.GetElapsedTime(asked);
            var answer = AskAsync(work, holds: true);
            if (await Task.WhenAny(answer, Task.Delay(left, clock, _stop.Token)) == answer && await answer)
            {
                asked = now;
            }
        }

        await leading.CancelAsync();
        logger.NoLongerLeads(work);
        if (_stop.IsCancellationRequested)
        {
            await ReleaseAsync(work);
        }
    }

    private async Task<bool> AskAsync(string work, bool holds)
    {
        try
        {
            return await grains.GetGrain<ILeaderGrain>(work).AskAsync(_candidate, silo.SiloAddress, holds);
        }
#pragma warning disable CA1031 // Whatever it was, there is no answer, and so no leadership.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            logger.NoAnswer(work, failed.Message);
            return false;
        }
    }

    private async Task ReleaseAsync(string work)
    {
        try
        {
            await grains.GetGrain<ILeaderGrain>(work).ReleaseAsync(_candidate).AsTask().WaitAsync(Interval, clock);
        }
#pragma warning disable CA1031 // The term ends by itself.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            logger.NoAnswer(work, failed.Message);
        }
    }
}
