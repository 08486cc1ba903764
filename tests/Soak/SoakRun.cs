using System.Globalization;

namespace KubeAspire.Soak;

/// <summary>Runs kinds until a time or a number of runs is over, those in memory beside those that start processes, and tells what came of it.</summary>
internal sealed class SoakRun(IReadOnlyList<Kind> kinds, int seed, TimeSpan duration, int runsEach, TimeProvider clock)
{
    private readonly Dictionary<string, (long Count, int Runs)> _done = kinds.ToDictionary(kind => kind.Name, _ => (0L, 0));
    private readonly Lock _gate = new();
    private string? _failure;

    /// <summary>Runs.</summary>
    /// <returns>0; 1 where something failed: the seed that replays it is told.</returns>
    public async Task<int> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {(runsEach > 0 ? $"{runsEach} runs each" : $"{duration.TotalMinutes:0.##} minutes")}: {string.Join(", ", kinds.Select(kind => kind.Name))}"));
        List<Kind> able = [];
        foreach (var kind in kinds)
        {
            if (kind.WhyNot is { } ask && await ask(cancellationToken) is { } whyNot)
            {
                await output.WriteLineAsync($"{kind.Name}: left out: {whyNot}");
            }
            else
            {
                able.Add(kind);
            }
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var started = clock.GetTimestamp();
        await Task.WhenAll(able.GroupBy(kind => kind.InProcesses).Select(lane => Task.Run(() => RunLaneAsync([.. lane], started, over), CancellationToken.None)));
        foreach (var kind in able)
        {
            await output.WriteLineAsync(kind.Describe(_done[kind.Name].Count, _done[kind.Name].Runs));
        }

        await output.WriteLineAsync(_failure ?? string.Create(CultureInfo.InvariantCulture, $"all well after {clock.GetElapsedTime(started).TotalMinutes:0.#} minutes"));
        return _failure is null ? 0 : 1;
    }

    private async Task RunLaneAsync(List<Kind> lane, long started, CancellationTokenSource over)
    {
        for (var run = 0; runsEach > 0 ? run < runsEach : clock.GetElapsedTime(started) < duration; run++)
        {
            foreach (var kind in lane)
            {
                if (over.IsCancellationRequested || (runsEach == 0 && clock.GetElapsedTime(started) >= duration))
                {
                    return;
                }

                await RunOnceAsync(kind, unchecked(seed + run) & int.MaxValue, over);
            }
        }
    }

    private async Task RunOnceAsync(Kind kind, int at, CancellationTokenSource over)
    {
        try
        {
            var count = await kind.Run(at, over.Token);
            lock (_gate)
            {
                var (before, runs) = _done[kind.Name];
                _done[kind.Name] = (before + count, runs + 1);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // Another kind failed, or the user has seen enough.
        }
#pragma warning disable CA1031 // Whatever it was, the seed is told.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                _failure ??= $"FAILED: {kind.Name}: {exception}\nreplay it: ./dev soak {kind.Name} --seed {at.ToString(CultureInfo.InvariantCulture)} --runs 1";
            }

            await over.CancelAsync();
        }
    }
}
