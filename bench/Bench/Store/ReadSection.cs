using System.Globalization;
using System.Text;
using KubeAspire.Bench.Http2;

namespace KubeAspire.Bench.Store;

/// <summary>Reads over HTTP beside Kestrel serving the same bytes, and a list in process beside a copy of its bytes.</summary>
internal static class ReadSection
{
    private const int Pods = 10_000;
    private const string PodsPath = "/api/v1/namespaces/default/pods";

    // Another scheduler's, so that ours leaves them alone; of about 2 KB as stored.
    private static readonly byte[] s_pod = Encoding.UTF8.GetBytes(
        $$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-{{{RequestTemplate.Number}}}","labels":{"app":"bench"}},
        "spec":{"schedulerName":"none","automountServiceAccountToken":false,"containers":[{"name":"app","image":"app:1","ports":[{"containerPort":8080}],
        "resources":{"requests":{"cpu":"100m","memory":"64Mi"}} }]} }
        """);

    public static async Task RunAsync(Report report, BenchPlan plan, string folder)
    {
        await using var silo = await SiloPeer.StartAsync(Path.Combine(folder, "silo"));
        using var client = silo.Client();
        await AccountAsync(client);
        LeanLoad.Run(silo.Connect, 1, 32, TimeSpan.FromMinutes(1), new LeanCall(Request("POST", PodsPath, s_pod), 201), most: Pods);
        var list = await client.GetByteArrayAsync(new Uri(PodsPath, UriKind.Relative));
        var name = Encoding.UTF8.GetString(list.AsSpan(list.AsSpan().IndexOf("pod-"u8), 4 + RequestTemplate.Number.Length));
        var pod = await client.GetByteArrayAsync(new Uri($"{PodsPath}/{name}", UriKind.Relative));
        report.Add("| what | bytes | ours per second | p50 / p99 ms | CPU µs each | Kestrel per second | p50 / p99 ms | CPU µs each | ratio |");
        report.Add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        await CompareAsync(report, plan, folder, silo, "get, 64 callers over 8 connections", $"{PodsPath}/{name}", pod, 64, 8);
        await CompareAsync(report, plan, folder, silo, "get, 1 caller", $"{PodsPath}/{name}", pod, 1, 1);
        await CompareAsync(report, plan, folder, silo, "list of 10,000 pods, 1 caller", PodsPath, list, 1, 1);
        await ListInProcess.RunAsync(report, plan, Path.Combine(folder, "engine"), Pods, list.Length / Pods);
    }

    private static async Task CompareAsync(Report report, BenchPlan plan, string folder, SiloPeer silo, string what, string path, byte[] bytes, int callers, int connections)
    {
        var file = Path.Combine(folder, "answer");
        await File.WriteAllBytesAsync(file, bytes);
        await using var kestrel = await KestrelPeer.StartAsync(file);
        var call = new LeanCall(Request("GET", path, null), 200);
        LeanLoad.Run(silo.Connect, connections, callers, plan.Warming / 4, call);
        LeanLoad.Run(kestrel.Connect, connections, callers, plan.Warming / 4, call);
        var (ours, theirs) = (new List<Measured>(), new List<Measured>());
        for (var round = 0; round <= plan.Rounds; round++)
        {
            var mine = Measured.Of(silo.ProcessId, () => LeanLoad.Run(silo.Connect, connections, callers, plan.Round, call));
            var peer = Measured.Of(kestrel.ProcessId, () => LeanLoad.Run(kestrel.Connect, connections, callers, plan.Round, call));
            if (round > 0)
            {
                ours.Add(mine);
                theirs.Add(peer);
            }
        }

        var ratio = Report.Ratio(ours.Select(one => one.Load.PerSecond), theirs.Select(one => one.Load.PerSecond));
        report.Add(string.Create(CultureInfo.InvariantCulture, $"| {what} | {bytes.Length:n0} | {Measured.Show(ours)} | {Measured.Show(theirs)} | {ratio:0.00} |"));
    }

    // The account of the namespace is made by a controller; a pod needs it.
    private static async Task AccountAsync(HttpClient client)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var answer = await client.GetAsync(new Uri("/api/v1/namespaces/default/serviceaccounts/default", UriKind.Relative));
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, CancellationToken.None);
        }
    }

    private static RequestTemplate Request(string method, string path, byte[]? body) => body is null
        ? new RequestTemplate(method, "https", path, null, ("accept", "application/json"), ("user-agent", "bench/1"))
        : new RequestTemplate(method, "https", path, body, ("content-type", "application/json"), ("user-agent", "bench/1"));
}
