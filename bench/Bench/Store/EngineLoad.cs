using System.Diagnostics;
using KubeAspire.Bench.Http2;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Disks;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Bench.Store;

/// <summary>The embedded engine in this process, and the floor under it.</summary>
internal sealed class EngineLoad(EmbeddedStateEngine engine) : IAsyncDisposable
{
    private static long s_number;

    public static async Task<EngineLoad> OpenAsync(string folder)
    {
        var options = new StateStoreOptions { Directory = Directory.CreateDirectory(folder).FullName };
        return new EngineLoad(await EmbeddedStateEngine.OpenAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None));
    }

    public EmbeddedStateEngine Engine => engine;

    /// <summary>An object of some bytes, about as an API server would store it.</summary>
    public static StateValue Value(int bytes)
    {
        const string Head = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"";
        return new StateValue(System.Text.Encoding.ASCII.GetBytes(Head + "\",\"name\":\"bench\"},\"data\":\"" + new string('x', bytes - Head.Length - 40) + "\"}"), Head.Length);
    }

    /// <summary>Creates of new keys.</summary>
    public LoadResult Create(int callers, TimeSpan duration, StateValue value) => Create(engine, callers, duration, value);

    /// <summary>Creates of new keys in any engine.</summary>
    public static LoadResult Create(IStateEngine engine, int callers, TimeSpan duration, StateValue value) =>
        Run(callers, duration, async (_, number) => (await engine.CreateAsync(new StateKey("configmaps", "default", $"bench-{number:d16}"), value, CancellationToken.None)).Entry!.Revision);

    /// <summary>Compare-and-swap, each caller on a key of its own.</summary>
    public LoadResult Swap(int callers, TimeSpan duration, StateValue value) => Swap(engine, callers, duration, value);

    /// <summary>Compare-and-swap in any engine.</summary>
    public static LoadResult Swap(IStateEngine engine, int callers, TimeSpan duration, StateValue value) => Run(callers, duration, async (state, number) =>
    {
        state.Key ??= new StateKey("swapped", "default", $"bench-{number:d16}");
        var written = state.Revision == 0
            ? await engine.CreateAsync(state.Key.Value, value, CancellationToken.None) : await engine.UpdateAsync(state.Key.Value, value, state.Revision, CancellationToken.None);
        return written.Outcome == StateOutcome.Committed ? written.Entry!.Revision : throw new InvalidOperationException($"{written.Outcome}");
    });

    /// <summary>What the disk allows: appends to a preallocated file, a sync after each.</summary>
    /// <returns>Records a second.</returns>
    public static double Floor(string folder, int recordsPerSync, int recordBytes, TimeSpan duration)
    {
        Directory.CreateDirectory(folder);
        long count = 0;
        var watch = new Stopwatch();
        using (var disk = new PosixDisk(folder))
        {
            using var file = disk.Create("floor");
            var bytes = new byte[recordBytes * recordsPerSync];
            Array.Fill(bytes, (byte)'x');
            file.Allocate(0, FloorFile);
            file.Sync();
            watch.Start();
            for (long position = 0; watch.Elapsed < duration; position = (position + bytes.Length) % (FloorFile - bytes.Length))
            {
                file.Write(bytes, position);
                file.Sync();
                count += recordsPerSync;
            }
        }

        Directory.Delete(folder, recursive: true);
        return count / watch.Elapsed.TotalSeconds;
    }

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    /// <summary>Bytes that the floor writes over. 1 GiB: no round comes to its end.</summary>
    private const long FloorFile = 1L << 30;

    /// <summary>Calls of so many callers at a time, each with the next number; what a call answers is the caller's revision.</summary>
    public static LoadResult Run(int callers, TimeSpan duration, Func<Caller, long, Task<long>> one)
    {
        var cpu = ProcessorTime.OfThisProcess();
        var watch = Stopwatch.StartNew();
        var latencies = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var (state, mine) = (new Caller(), new List<long>());
            while (watch.Elapsed < duration)
            {
                var begun = Stopwatch.GetTimestamp();
                state.Revision = await one(state, Interlocked.Increment(ref s_number));
                mine.Add(Stopwatch.GetTimestamp() - begun);
            }

            return mine;
        }))).GetAwaiter().GetResult();
        return LoadResult.Of(latencies, watch.Elapsed, ProcessorTime.OfThisProcess() - cpu);
    }

    /// <summary>What a caller knows from its call before.</summary>
    internal sealed class Caller
    {
        /// <summary>Its own key; null before it has one.</summary>
        public StateKey? Key { get; set; }

        /// <summary>The revision that it wrote last.</summary>
        public long Revision { get; set; }
    }
}
