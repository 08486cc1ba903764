using System.Globalization;
using System.Text;

namespace KubeAspire.Bench;

/// <summary>Durable create of a 1 KB object: the whole HTTP path (TLS, authorization, admission, validation, fdatasync) beside etcd's guarded transaction.</summary>
internal static class CreateBenchmark
{
    /// <summary>Rounds; ours and the peer's take turns, so that a noisy moment hits both. 5.</summary>
    private const int Rounds = 5;

    /// <summary>Length of one round. 4 s.</summary>
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(4);

    public static async Task RunAsync()
    {
        if (!EtcdPeer.IsInstalled)
        {
            Console.Error.WriteLine("create: skipped, etcd is not installed (package etcd-server)");
            return;
        }

        var report = new Report("create", "Durable create of a 1 KB object. Ours: POST of a ConfigMap over HTTP/2 and TLS through the whole API. Peer: etcd's transaction \"put if absent\" over gRPC, no TLS. Both on the same disk, rounds in turn, the same HTTP client.");
        var folder = Path.Combine(Path.GetTempPath(), $"kubeaspire-bench-{Environment.ProcessId}");
        await using var silo = await SiloPeer.StartAsync(Path.Combine(folder, "silo"));
        await using var etcd = await EtcdPeer.StartAsync(Path.Combine(folder, "etcd"));
        report.Add("| callers | ours /s | p50 / p99 ms | etcd /s | p50 / p99 ms | ratio (median of rounds) |");
        report.Add("| --- | --- | --- | --- | --- | --- |");
        foreach (var callers in new[] { 1, 64 })
        {
            var ours = new List<(double PerSecond, double P50, double P99)>();
            var theirs = new List<(double PerSecond, double P50, double P99)>();
            for (var round = 0; round <= Rounds; round++)
            {
                var tag = string.Create(CultureInfo.InvariantCulture, $"c{callers}-r{round}");
                var mine = await Load.RunAsync(callers, s_round, (caller, number) => silo.CreateAsync("/api/v1/namespaces/default/configmaps", Body($"{tag}-{caller}-{number}")));
                var peers = await Load.RunAsync(callers, s_round, (caller, number) => etcd.CreateAsync($"/registry/configmaps/default/{tag}-{caller}-{number}", Body($"{tag}-{caller}-{number}")));
                if (round > 0)
                {
                    // The first round warms both up.
                    ours.Add(mine);
                    theirs.Add(peers);
                }
            }

            var ratio = Report.Median(ours.Zip(theirs, (mine, peer) => mine.PerSecond / peer.PerSecond));
            report.Add(string.Create(CultureInfo.InvariantCulture, $"| {callers} | {Median(ours, o => o.PerSecond):0} | {Median(ours, o => o.P50):0.00} / {Median(ours, o => o.P99):0.00} | {Median(theirs, o => o.PerSecond):0} | {Median(theirs, o => o.P50):0.00} / {Median(theirs, o => o.P99):0.00} | {ratio:0.00} |"));
        }

        report.Save();
    }

    private static double Median(List<(double PerSecond, double P50, double P99)> rounds, Func<(double PerSecond, double P50, double P99), double> of) => Report.Median(rounds.Select(of));

    private static byte[] Body(string name) => Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","namespace":"default"},"data":{"payload":"{{{s_payload}}}"}}""");

    private static readonly string s_payload = new('x', 900);
}
