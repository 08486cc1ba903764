using System.Globalization;
using System.Text;
using KubeAspire.Bench.Http2;

namespace KubeAspire.Bench.Store;

/// <summary>Durable create of a 1 KB object over HTTP: the whole path (TLS, authorization, admission, validation, fdatasync) beside etcd's guarded transaction.</summary>
internal static class CreateSection
{
    private static readonly string s_payload = new('x', 900);

    private static readonly byte[] s_json = Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bench-{{{RequestTemplate.Number}}}","namespace":"default"},"data":{"payload":"{{{s_payload}}}"}}""");

    private static readonly TimeSpan s_slice = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Our side alone, for a profiler to look at, or to tell what a setting or another build is worth: one silo per environment, loaded in turn.
    /// </summary>
    public static async Task CompareAsync(string folder, IReadOnlyList<Dictionary<string, string>> environments, int callers, int connections, int rounds)
    {
        var silos = new List<SiloPeer>();
        foreach (var environment in environments)
        {
            silos.Add(await SiloPeer.StartAsync(Path.Combine(folder, silos.Count.ToString(CultureInfo.InvariantCulture)), environment));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"process {silos[^1].ProcessId}: {string.Join(' ', environment)}"));
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var silo in silos)
            {
                var slice = Measured.Of(silo.ProcessId, () => LeanLoad.Run(silo.Connect, connections, callers, s_slice, Call()));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{silos.IndexOf(silo)} | {Measured.Show([slice])} | client {slice.Load.ClientMicroseconds:0.0} | {ProcessorTime.ResidentOf(silo.ProcessId) >> 20} MB"));
            }
        }

        foreach (var silo in silos)
        {
            await silo.DisposeAsync();
        }
    }

    public static async Task RunAsync(Report report, BenchPlan plan, string folder)
    {
        await using var silo = await SiloPeer.StartAsync(Path.Combine(folder, "silo"));
        await using var etcd = await EtcdPeer.StartAsync(Path.Combine(folder, "etcd"));
        var (create, guardedPut, plainPut) = (Call(), EtcdPeer.GuardedPut(s_json), EtcdPeer.Put(s_json));
        report.Add("| callers / connections | ours /s | p50 / p99 ms | CPU µs | etcd guarded /s | p50 / p99 ms | CPU µs | etcd put /s | ratio to guarded (median of rounds) |");
        report.Add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var (callers, connections) in plan.Shapes)
        {
            var (ours, guarded, puts) = (new List<Measured>(), new List<Measured>(), new List<Measured>());
            for (var round = 0; round <= plan.Rounds; round++)
            {
                var mine = Measured.Of(silo.ProcessId, () => LeanLoad.Run(silo.Connect, connections, callers, plan.Round, create));
                var transaction = Measured.Of(etcd.ProcessId, () => LeanLoad.Run(etcd.Connect, connections, callers, plan.Round, guardedPut));
                var put = Measured.Of(etcd.ProcessId, () => LeanLoad.Run(etcd.Connect, connections, callers, plan.Round, plainPut));
                if (round > 0)
                {
                    // The first round warms all up.
                    ours.Add(mine);
                    guarded.Add(transaction);
                    puts.Add(put);
                }
            }

            var ratio = Report.Median(ours.Zip(guarded, (mine, peer) => mine.Load.PerSecond / peer.Load.PerSecond));
            report.Add(string.Create(CultureInfo.InvariantCulture, $"| {callers} / {connections} | {Measured.Show(ours)} | {Measured.Show(guarded)} | {Report.Median(puts.Select(put => put.Load.PerSecond)):0} | {ratio:0.00} |"));
            report.Add(string.Create(CultureInfo.InvariantCulture, $"client CPU {ours[^1].Load.ClientMicroseconds:0.0} {guarded[^1].Load.ClientMicroseconds:0.0}"));
        }
    }

    private static LeanCall Call() =>
        new(new RequestTemplate("POST", "https", "/api/v1/namespaces/default/configmaps", s_json, ("content-type", "application/json"), ("user-agent", "bench/1")), 201);
}
