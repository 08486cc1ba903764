using System.Diagnostics;
using System.Globalization;

namespace KubeAspire.Bench.Store;

/// <summary>What an object costs in memory, and how long a store takes to open again.</summary>
internal static class HoldSection
{
    /// <summary>Bytes of an object: about a small pod with its status.</summary>
    private const int ObjectBytes = 2_048;

    private const int Writers = 64;

    public static async Task RunAsync(Report report, BenchPlan plan, string folder)
    {
        report.Add("| pods | loaded in s | bytes each beyond their JSON: live / resident | on disk MB | recovered in s |");
        report.Add("| --- | --- | --- | --- | --- |");
        foreach (var count in plan.Held)
        {
            // In a process of its own, so that nothing else is in its memory.
            var (code, output) = await ChildProcess.RunAsync(Environment.ProcessPath!, ["hold", folder, count.ToString(CultureInfo.InvariantCulture)]);
            report.Add(code == 0 ? output.Trim() : throw new InvalidOperationException(output));
        }
    }

    /// <summary>The measuring process: writes, weighs, closes, opens again, and prints a row.</summary>
    public static async Task HoldAsync(string folder, int count)
    {
        var before = (Live: GC.GetTotalMemory(forceFullCollection: true), Resident: ProcessorTime.ResidentOf(Environment.ProcessId));
        var value = EngineLoad.Value(ObjectBytes);
        var watch = Stopwatch.StartNew();
        double loaded, live, resident;
        await using (var load = await EngineLoad.OpenAsync(folder))
        {
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
            {
                for (var i = writer; i < count; i += Writers)
                {
                    await load.Engine.CreateAsync(new StateStore.StateKey("pods", "default", $"pod-{i:d9}"), value, CancellationToken.None);
                }
            })));
            loaded = watch.Elapsed.TotalSeconds;
            live = Each(GC.GetTotalMemory(forceFullCollection: true) - before.Live);
            resident = Each(ProcessorTime.ResidentOf(Environment.ProcessId) - before.Resident);
        }

        var disk = new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);
        watch.Restart();
        await using (var load = await EngineLoad.OpenAsync(folder))
        {
            var opened = watch.Elapsed.TotalSeconds;
            var page = await load.Engine.ListAsync(new StateStore.StateRange("pods"), 0, 1, null, CancellationToken.None);
            if (page.Remaining != count - 1)
            {
                throw new InvalidOperationException($"{page.Remaining} objects remain beyond the first");
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {count:n0} | {loaded:0.0} | {live:0} / {resident:0} | {disk >> 20} | {opened:0.0} |"));
        }

        Directory.Delete(folder, recursive: true);
        double Each(long bytes) => ((double)bytes / count) - value.Json.Length;
    }
}
