using System.Globalization;

namespace KubeAspire.Bench.Store;

/// <summary>The state store and the API over it, each figure beside its peer or its floor in the same run.</summary>
internal static class StoreBenchmark
{
    public static async Task RunAsync(bool quick)
    {
        if (!EtcdPeer.IsInstalled)
        {
            Console.Error.WriteLine("store: skipped, etcd is not installed (package etcd-server)");
            return;
        }

        var plan = quick
            ? new BenchPlan(Rounds: 1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), [(1, 1), (64, 1)], [100_000])
            : new BenchPlan(Rounds: 3, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10), [(1, 1), (64, 1), (64, 8)], [100_000, 1_000_000]);
        var report = new Report("store", string.Create(CultureInfo.InvariantCulture, $"""
            The state store and the API over it, beside their peers and floors: all sides of a table in turn, in the same run, on the same disk, {plan.Rounds} rounds after
            one that warms up. A figure is the median of the rounds; a ratio is the median of the ratios of each round. Absolute figures drift with the machine.

            The load comes from prebuilt HTTP/2 frames over blocking sockets, the same code for each side: etcd's gRPC without TLS, ours with TLS 1.3. "callers, connections"
            says how many requests are under way at a time, and over how many connections. Our requests are those of a user whom RBAC allows each one by a
            ClusterRoleBinding to an aggregated ClusterRole. Processor time is the server's, user and system, of all threads.
            """));
        var folder = Path.Combine(Path.GetTempPath(), $"kubeaspire-bench-{Environment.ProcessId}");
        report.Section("Durable writes of 1 KB", "Floor: appends to a preallocated file with fdatasync after each. etcd: a put, and the transaction \"put if the key is not there\". Ours: POST of a ConfigMap, and the engine in the measuring process.");
        await CommitSection.RunAsync(report, plan, Path.Combine(folder, "commit"));
        report.Section("Reads", "GET of one pod, and a list of 10,000, over TLS; beside Kestrel with the same certificate settings, serving the same bytes from memory.");
        await ReadSection.RunAsync(report, plan, Path.Combine(folder, "read"));
        report.Section("Watch", "From before a create is sent until its event is read by a watcher: more than commit to delivery, since the create itself is in it.");
        await WatchSection.RunAsync(report, plan, Path.Combine(folder, "watch"));
        report.Section("Memory and recovery", "The engine alone in a process of its own, with pods of 2 KB.");
        await HoldSection.RunAsync(report, plan, Path.Combine(folder, "hold"));
        report.Save();
        Directory.Delete(folder, recursive: true);
    }
}
