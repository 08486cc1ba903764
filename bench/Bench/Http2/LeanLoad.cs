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
    private static long s_number;

    /// <param name="connect">Opens a connection.</param>
    /// <param name="connections">How many; each has a thread of its own.</param>
    /// <param name="callers">Callers in all.</param>
    /// <param name="duration">How long new requests are begun.</param>
    /// <param name="call">What they ask.</param>
    public static LoadResult Run(Func<Stream> connect, int connections, int callers, TimeSpan duration, LeanCall call)
    {
        var workers = Enumerable.Range(0, connections).Select(_ => new Worker(connect(), callers / connections, call)).ToArray();
        var cpu = ProcessorTime.OfThisProcess();
        var watch = Stopwatch.StartNew();
        var threads = workers.Select(worker => new Thread(() => worker.Run(duration)) { IsBackground = true }).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        var elapsed = watch.Elapsed;
        var own = ProcessorTime.OfThisProcess() - cpu;
        if (workers.FirstOrDefault(worker => worker.Failure is not null) is { } failed)
        {
            throw new InvalidOperationException($"the load broke off: {failed.Failure!.Message}", failed.Failure);
        }

        var all = workers.SelectMany(worker => worker.Latencies).Order().ToArray();
        return new LoadResult(all.Length / elapsed.TotalSeconds, Milliseconds(all[all.Length / 2]), Milliseconds(all[(int)(all.Length * 0.99)]), own.TotalMicroseconds / all.Length, all.Length);
    }

    private static double Milliseconds(long ticks) => ticks * 1_000.0 / Stopwatch.Frequency;

    private sealed class Worker(Stream stream, int callers, LeanCall call) : LeanConnection.IHandler
    {
        private readonly Dictionary<int, long> _begun = [];
        private readonly bool _checked = call.IsGood is not null;
        private readonly HashSet<int> _good = [];
        private long _ends;
        private int _waiting;

        public List<long> Latencies { get; } = new(1 << 17);

        public Exception? Failure { get; private set; }

        public void Run(TimeSpan duration)
        {
            using var connection = new LeanConnection(stream);
            try
            {
                _ends = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
                _waiting = callers;
                while (_waiting > 0 || _begun.Count > 0)
                {
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
            if (status != call.Status && status != 0)
            {
                throw new InvalidOperationException($"status {status}");
            }

            if (status == call.Status && !_checked)
            {
                _good.Add(stream);
            }
        }

        public void OnData(int stream, ReadOnlySpan<byte> data)
        {
            if (_checked && call.IsGood!(data))
            {
                _good.Add(stream);
            }
        }

        public void OnEnd(int stream)
        {
            if (!_good.Remove(stream) || !_begun.Remove(stream, out var begun))
            {
                throw new InvalidOperationException("an answer that is no success");
            }

            Latencies.Add(Stopwatch.GetTimestamp() - begun);
            _waiting++;
        }

        private void Begin(LeanConnection connection)
        {
            if (Stopwatch.GetTimestamp() >= _ends)
            {
                _waiting = 0;
                return;
            }

            for (; _waiting > 0 && connection.HasRoom(call.Request); _waiting--)
            {
                var stream = connection.Send(call.Request, Interlocked.Increment(ref s_number));
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
internal sealed record LoadResult(double PerSecond, double P50, double P99, double ClientMicroseconds, int Requests);
