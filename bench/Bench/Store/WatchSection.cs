using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeAspire.Bench.Http2;

namespace KubeAspire.Bench.Store;

/// <summary>How late watchers hear of a write.</summary>
internal static class WatchSection
{
    private const string Path1 = "/api/v1/namespaces/default/configmaps";

    // A server allows 250 streams on a connection, as upstream does.
    private const int StreamsPerConnection = 125;

    public static async Task RunAsync(Report report, BenchPlan plan, string folder)
    {
        await using var silo = await SiloPeer.StartAsync(Path.Combine(folder, "silo"));
        report.Add("| watchers | writes a second | deliveries a second | delivered, p50 / p99 ms | the create answered, p50 / p99 ms |");
        report.Add("| --- | --- | --- | --- | --- |");
        foreach (var (watchers, pause) in new[] { (1, TimeSpan.FromMilliseconds(5)), (1_000, TimeSpan.FromMilliseconds(50)) })
        {
            var rounds = new List<(double Writes, double Deliveries, LoadResult Delivered, LoadResult Answered)>();
            for (var round = 0; round <= plan.Rounds; round++)
            {
                var measured = await RoundAsync(silo, watchers, pause, plan.Round);
                if (round > 0)
                {
                    rounds.Add(measured);
                }
            }

            double Median(Func<(double Writes, double Deliveries, LoadResult Delivered, LoadResult Answered), double> of) => Report.Median(rounds.Select(of));
            report.Add(string.Create(CultureInfo.InvariantCulture, $"| {watchers:n0} | {Median(r => r.Writes):0} | {Median(r => r.Deliveries):0} | {Median(r => r.Delivered.P50):0.00} / {Median(r => r.Delivered.P99):0.00} | {Median(r => r.Answered.P50):0.00} / {Median(r => r.Answered.P99):0.00} |"));
        }
    }

    private static async Task<(double Writes, double Deliveries, LoadResult Delivered, LoadResult Answered)> RoundAsync(SiloPeer silo, int watchers, TimeSpan pause, TimeSpan duration)
    {
        var from = await RevisionAsync(silo);
        var request = new RequestTemplate("GET", "https", $"{Path1}?watch=true&resourceVersion={from}", null, ("accept", "application/json"));
        var threads = new List<(Thread Thread, Watchers Watchers)>();
        for (var left = watchers; left > 0; left -= StreamsPerConnection)
        {
            var some = new Watchers(silo.Connect(), request, Math.Min(left, StreamsPerConnection));
            threads.Add((new Thread(some.Run) { IsBackground = true }, some));
            threads[^1].Thread.Start();
        }

        foreach (var (_, some) in threads)
        {
            await some.Standing;
        }

        var body = Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"at-{{{RequestTemplate.Number}}}"},"data":{"a":"b"}}""");
        var create = new LeanCall(new RequestTemplate("POST", "https", Path1, body, ("content-type", "application/json"), ("user-agent", "bench/1")), 201);
        var watch = Stopwatch.StartNew();
        var answered = LeanLoad.Run(silo.Connect, 1, 1, duration, create, numberOf: Stopwatch.GetTimestamp, pause: pause);
        var elapsed = watch.Elapsed;
        var patience = Stopwatch.StartNew();
        foreach (var (thread, some) in threads)
        {
            while (some.Seen < answered.Requests * some.Count)
            {
                if (!thread.IsAlive || patience.Elapsed > s_patience)
                {
                    throw new InvalidOperationException($"of {answered.Requests * some.Count} events {some.Seen} reached the watchers");
                }

                await Task.Delay(s_look, TimeProvider.System, CancellationToken.None);
            }

            some.Stop();
            thread.Join();
        }

        var delivered = LoadResult.Of(threads.Select(pair => pair.Watchers.Latencies), elapsed, TimeSpan.Zero);
        return (answered.Requests / elapsed.TotalSeconds, delivered.Requests / elapsed.TotalSeconds, delivered, answered);
    }

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(10);

    private static async Task<string> RevisionAsync(SiloPeer silo)
    {
        using var client = silo.Client();
        using var list = JsonDocument.Parse(await client.GetStringAsync(new Uri(Path1 + "?limit=1", UriKind.Relative)));
        return list.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
    }

    /// <summary>Some watches over one connection, read by one thread.</summary>
    private sealed class Watchers(Stream stream, RequestTemplate request, int count) : LeanConnection.IHandler
    {
        private readonly TaskCompletionSource _standing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _opened;
        private volatile int _seen;

        public Task Standing => _standing.Task;

        public List<long> Latencies { get; } = new(1 << 16);

        public int Count => count;

        public int Seen => _seen;

        public void Stop() => stream.Dispose();

        public void Run()
        {
            try
            {
                using var connection = new LeanConnection(stream);
                for (var i = 0; i < count; i++)
                {
                    connection.Send(request, 0);
                }

                while (true)
                {
                    connection.Flush();
                    connection.Receive(this);
                }
            }
            catch (Exception ended) when (ended is IOException or InvalidOperationException)
            {
                // Stopped, or broken: whoever waits for more events sees that none come.
                _standing.TrySetException(ended);
            }
        }

        public void OnStatus(int stream, int status)
        {
            if (status == 200 && ++_opened == count)
            {
                _standing.SetResult();
            }
        }

        public void OnData(int stream, ReadOnlySpan<byte> data)
        {
            var now = Stopwatch.GetTimestamp();
            var mark = "\"name\":\"at-"u8;
            for (int at; (at = data.IndexOf(mark)) >= 0 && data.Length >= at + mark.Length + RequestTemplate.Number.Length; data = data[(at + mark.Length)..])
            {
                if (long.TryParse(data.Slice(at + mark.Length, RequestTemplate.Number.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var sent))
                {
                    Latencies.Add(now - sent);
                    _seen = Latencies.Count;
                }
            }
        }

        public void OnEnd(int stream) => throw new InvalidOperationException("a watch ended");
    }
}
