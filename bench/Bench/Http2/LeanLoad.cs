using System.Diagnostics;

namespace KubeAspire.Bench.Http2;

/// <summary>Whether an answer's bytes are those of a success.</summary>
internal delegate bool AnswerCheck(ReadOnlySpan<byte> data);

/// <summary>A request and what a good answer to it is.</summary>
/// <param name="Request">The request.</param>
/// <param name="Status">The expected status.</param>
/// <param name="IsGood">Looks at the last bytes of the answer; null where the status says enough.</param>
internal sealed record LeanCall(RequestTemplate Request, int Status, AnswerCheck? IsGood = null);

/// <summary>Callers over some connections, each with one request under way at a time, for a while.</summary>
internal static class LeanLoad
{
    // Nobody releases it: to wait for it is to pause.
    private static readonly SemaphoreSlim s_never = new(0);

    private static long s_number;

    /// <param name="connect">Opens a connection.</param>
    /// <param name="connections">How many; each has a thread of its own.</param>
    /// <param name="callers">Callers in all.</param>
    /// <param name="duration">How long new requests are begun.</param>
    /// <param name="call">What they ask.</param>
    /// <param name="most">How many requests are begun at most, by each connection.</param>
    /// <param name="numberOf">The number that stands in a request; without it, one that no other request has.</param>
    /// <param name="pause">How long a connection waits before it begins more.</param>
    public static LoadResult Run(
        Func<Stream> connect, int connections, int callers, TimeSpan duration, LeanCall call, int most = int.MaxValue, Func<long>? numberOf = null, TimeSpan pause = default)
    {
        var terms = new Terms(call, duration, most, numberOf ?? (() => Interlocked.Increment(ref s_number)), pause);
        var workers = Enumerable.Range(0, connections).Select(_ => new Worker(connect(), callers / connections, terms)).ToArray();
        var cpu = ProcessorTime.OfThisProcess();
        var watch = Stopwatch.StartNew();
        var threads = workers.Select(worker => new Thread(worker.Run) { IsBackground = true }).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        var elapsed = watch.Elapsed;
        var own = ProcessorTime.OfThisProcess() - cpu;
        if (workers.FirstOrDefault(worker => worker.Failure is not null) is { } failed)
        {
            throw new InvalidOperationException($"the load broke off: {failed.Failure!.Message}", failed.Failure);
        }

        return LoadResult.Of(workers.Select(worker => worker.Latencies), elapsed, own);
    }

    private sealed record Terms(LeanCall Call, TimeSpan Duration, int Most, Func<long> NumberOf, TimeSpan Pause);

    private sealed class Worker(Stream stream, int callers, Terms terms) : LeanConnection.IHandler
    {
        private readonly Dictionary<int, long> _begun = [];
        private readonly bool _checked = terms.Call.IsGood is not null;
        private readonly HashSet<int> _good = [];
        private long _ends;
        private int _waiting;
        private int _sent;

        public List<long> Latencies { get; } = new(1 << 17);

        public Exception? Failure { get; private set; }

        private string _last = "nothing in it";

        public void Run()
        {
            using var connection = new LeanConnection(stream);
            try
            {
                _ends = Stopwatch.GetTimestamp() + (long)(terms.Duration.TotalSeconds * Stopwatch.Frequency);
                _waiting = callers;
                while (_waiting > 0 || _begun.Count > 0)
                {
                    Pause();
                    Begin(connection);
                    connection.Flush();
                    if (_begun.Count > 0 || _waiting > 0)
                    {
                        connection.Receive(this);
                    }
                }
            }
            catch (Exception failure) when (failure is IOException or InvalidOperationException)
            {
                Failure = failure;
            }
        }

        public void OnStatus(int stream, int status)
        {
            // Trailers have none; what they follow was good or is missed below.
            if (status != terms.Call.Status && status != 0)
            {
                throw new InvalidOperationException($"status {status}");
            }

            if (status == terms.Call.Status && !_checked)
            {
                _good.Add(stream);
            }
        }

        public void OnData(int stream, ReadOnlySpan<byte> data)
        {
            if (!_checked && !_good.Contains(stream))
            {
                _last = System.Text.Encoding.UTF8.GetString(data);
            }

            if (_checked && terms.Call.IsGood!(data))
            {
                _good.Add(stream);
            }
        }

        public void OnEnd(int stream)
        {
            if (!_good.Remove(stream) || !_begun.Remove(stream, out var begun))
            {
                throw new InvalidOperationException($"an answer that is no success: {_last}");
            }

            Latencies.Add(Stopwatch.GetTimestamp() - begun);
            _waiting++;
        }

        private void Pause()
        {
            if (terms.Pause > TimeSpan.Zero)
            {
                s_never.Wait(terms.Pause);
            }
        }

        private void Begin(LeanConnection connection)
        {
            if (Stopwatch.GetTimestamp() >= _ends || _sent >= terms.Most)
            {
                _waiting = 0;
                return;
            }

            for (; _waiting > 0 && _sent < terms.Most && connection.HasRoom(terms.Call.Request); _waiting--, _sent++)
            {
                var stream = connection.Send(terms.Call.Request, terms.NumberOf());
                _begun[stream] = Stopwatch.GetTimestamp();
            }
        }
    }
}

/// <summary>What a load saw.</summary>
/// <param name="PerSecond">Requests a second.</param>
/// <param name="P50">Median latency, ms.</param>
/// <param name="P99">99th percentile, ms.</param>
/// <param name="ClientMicroseconds">Processor time of the generator a request, µs.</param>
/// <param name="Requests">Requests in all.</param>
internal sealed record LoadResult(double PerSecond, double P50, double P99, double ClientMicroseconds, int Requests)
{
    /// <summary>From the latency of each request, in ticks of the stopwatch.</summary>
    public static LoadResult Of(IEnumerable<List<long>> latencies, TimeSpan elapsed, TimeSpan processor)
    {
        var all = latencies.SelectMany(list => list).Order().ToArray();
        return new LoadResult(
            all.Length / elapsed.TotalSeconds, Milliseconds(all[all.Length / 2]), Milliseconds(all[(int)(all.Length * 0.99)]), processor.TotalMicroseconds / all.Length, all.Length);
    }

    public static double Milliseconds(long ticks) => ticks * 1_000.0 / Stopwatch.Frequency;
}
