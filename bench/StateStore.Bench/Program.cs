using System.Diagnostics;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Disks;
using Microsoft.Extensions.Logging.Abstractions;

// Creates of 1 KB objects in the embedded engine, beside the floor: the same bytes by pwrite and fdatasync on the same file system.
// Usage: StateStore.Bench [directory] [seconds]. Figures drift with the machine; the ratios of one run hold.
const int ObjectBytes = 1_024;
const int Rounds = 3;
var root = args.Length > 0 ? args[0] : Path.GetTempPath();
var seconds = args.Length > 1 ? double.Parse(args[1]) : 2;

for (var round = 1; round <= Rounds; round++)
{
    var floor1 = Floor(1, allocated: false);
    var allocated1 = Floor(1, allocated: true);
    var floor64 = Floor(64, allocated: true);
    var one = await CreatesAsync(1);
    var many = await CreatesAsync(64);
    Console.WriteLine($"round {round}");
    Console.WriteLine($"  floor, 1 record a sync        {floor1,9:n0}/s; preallocated {allocated1:n0}/s");
    Console.WriteLine($"  floor, 64 records a sync      {floor64,9:n0}/s");
    Console.WriteLine($"  create, 1 caller              {one.Rate,9:n0}/s  p50 {one.P50:f3} ms  p99 {one.P99:f3} ms  {one.Rate / allocated1:f2} of the preallocated floor  {one.BytesPerOp:n0} B allocated each");
    Console.WriteLine($"  create, 64 callers            {many.Rate,9:n0}/s  p50 {many.P50:f3} ms  p99 {many.P99:f3} ms  {many.Rate / floor64:f2} of the floor  {many.BytesPerOp:n0} B allocated each");
}

await RecoveryAsync();
return;

double Floor(int records, bool allocated)
{
    var path = Path.Combine(root, $"floor-{Guid.NewGuid():n}");
    Directory.CreateDirectory(path);
    using var disk = new PosixDisk(path);
    using var file = disk.Create("floor");
    var bytes = new byte[ObjectBytes * records];
    Array.Fill(bytes, (byte)'x');
    if (allocated)
    {
        file.Allocate(0, 1L << 30);
        file.Sync();
    }

    long position = 0, count = 0;
    var watch = Stopwatch.StartNew();
    while (watch.Elapsed.TotalSeconds < seconds)
    {
        file.Write(bytes, position);
        file.Sync();
        position += bytes.Length;
        count += records;
    }

    var rate = count / watch.Elapsed.TotalSeconds;
    Directory.Delete(path, recursive: true);
    return rate;
}

async Task<(double Rate, double P50, double P99, double BytesPerOp)> CreatesAsync(int callers)
{
    var path = Path.Combine(root, $"bench-{Guid.NewGuid():n}");
    var latencies = new List<double>[callers];
    double rate, bytesPerOp;
    await using (var engine = await OpenAsync(path))
    {
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => RunAsync(engine, caller, "warm", Math.Min(seconds, 1), [])));
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => RunAsync(engine, caller, "run", seconds, latencies[caller] = new List<double>(200_000))));
        var count = latencies.Sum(list => list.Count);
        rate = count / watch.Elapsed.TotalSeconds;
        bytesPerOp = (double)(GC.GetTotalAllocatedBytes() - allocated) / count;
    }

    Directory.Delete(path, recursive: true);
    var all = latencies.SelectMany(list => list).Order().ToList();
    return (rate, all[all.Count / 2], all[all.Count * 99 / 100], bytesPerOp);
}

static Task RunAsync(EmbeddedStateEngine engine, int caller, string phase, double seconds, List<double> latencies) => Task.Run(async () =>
{
    var json = new byte[ObjectBytes - 20];
    Array.Fill(json, (byte)'x');
    var value = new StateValue(json, 100);
    var ends = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
    for (var i = 0; ; i++)
    {
        var started = Stopwatch.GetTimestamp();
        if (started > ends)
        {
            return;
        }

        var write = await engine.CreateAsync(new StateKey("pods", "default", $"{phase}-{caller}-{i}"), value, CancellationToken.None);
        if (write.Outcome != StateOutcome.Committed)
        {
            throw new InvalidOperationException($"{write.Outcome}");
        }

        latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }
});

static Task<EmbeddedStateEngine> OpenAsync(string path) =>
    EmbeddedStateEngine.OpenAsync(new StateStoreOptions { Directory = path }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

async Task RecoveryAsync()
{
    const int Objects = 100_000;
    var path = Path.Combine(root, $"bench-{Guid.NewGuid():n}");
    await using (var engine = await OpenAsync(path))
    {
        var json = new byte[2_000];
        Array.Fill(json, (byte)'x');
        await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            for (var i = caller; i < Objects; i += 64)
            {
                await engine.CreateAsync(new StateKey("pods", "default", $"pod-{i}"), new StateValue(json, 100), CancellationToken.None);
            }
        })));
    }

    var bytes = new DirectoryInfo(path).EnumerateFiles().Sum(file => file.Length);
    var watch = Stopwatch.StartNew();
    await using (await OpenAsync(path))
    {
        Console.WriteLine($"recovery of {Objects:n0} objects, {bytes >> 20} MiB on disk: {watch.ElapsedMilliseconds:n0} ms");
    }

    Directory.Delete(path, recursive: true);
    watch.Restart();
    await using (await OpenAsync(path))
    {
        Console.WriteLine($"opening an empty store: {watch.Elapsed.TotalMilliseconds:f1} ms");
    }

    Directory.Delete(path, recursive: true);
}
