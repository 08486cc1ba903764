namespace KubeAspire.Bench.Store;

/// <summary>The state store and the API over it, each figure beside its peer or its floor.</summary>
internal static class StoreBenchmark
{
    public static async Task RunAsync(bool quick)
    {
        var plan = quick
            ? new BenchPlan(1, TimeSpan.FromSeconds(2), [(1, 1), (64, 1), (64, 8), (64, 64)])
            : new BenchPlan(3, TimeSpan.FromSeconds(3), [(1, 1), (64, 8)]);
        var report = new Report("store", "");
        var folder = Path.Combine(Path.GetTempPath(), $"kubeaspire-bench-{Environment.ProcessId}");
        await CreateSection.RunAsync(report, plan, folder);
    }
}
