using System.Diagnostics;

namespace KubeAspire.Bench;

/// <summary>Some callers, each with one request under way at a time, for a while.</summary>
internal static class Load
{
    /// <returns>Requests a second, and the median and 99th percentile of their latency in milliseconds.</returns>
    public static async Task<(double PerSecond, double P50, double P99)> RunAsync(int callers, TimeSpan duration, Func<int, int, Task> call)
    {
        var watch = Stopwatch.StartNew();
        var latencies = await Task.WhenAll(Enumerable.Range(0, callers).Select(async caller =>
        {
            await Task.Yield();
            var mine = new List<double>();
            for (var number = 0; watch.Elapsed < duration; number++)
            {
                var started = Stopwatch.GetTimestamp();
                await call(caller, number);
                mine.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            return mine;
        }));
        var elapsed = watch.Elapsed;
        var all = latencies.SelectMany(list => list).Order().ToArray();
        return (all.Length / elapsed.TotalSeconds, all[all.Length / 2], all[(int)(all.Length * 0.99)]);
    }
}
