using System.Globalization;
using System.Text;
using KubeAspire.Bench.Http2;

namespace KubeAspire.Bench.Store;

/// <summary>Durable writes of 1 KB: the whole HTTP path (TLS, authorization by RBAC, admission, validation, fdatasync), the engine alone, etcd, and the disk's floor.</summary>
internal static class CommitSection
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
        await using var engine = await EngineLoad.OpenAsync(Path.Combine(folder, "engine"));
        // Both servers reach their pace under load only: ours compiles what is hot, in the background.
        LeanLoad.Run(silo.Connect, 1, 64, plan.Warming, Call());
        LeanLoad.Run(etcd.Connect, 1, 64, plan.Warming / 2, EtcdPeer.GuardedPut(s_json));
        report.Add("| callers, connections | what | per second | p50 / p99 ms | server CPU µs each | beside etcd's guarded transaction |");
        report.Add("| --- | --- | --- | --- | --- | --- |");
        foreach (var shape in plan.Shapes)
        {
            Shape(report, plan, shape, folder, silo, etcd, engine);
        }
    }

    private static void Shape(Report report, BenchPlan plan, (int Callers, int Connections) shape, string folder, SiloPeer silo, EtcdPeer etcd, EngineLoad engine)
    {
        var (callers, connections) = shape;
        var value = EngineLoad.Value(s_json.Length);
        LoadResult Ask(Func<Stream> connect, LeanCall call) => LeanLoad.Run(connect, connections, callers, plan.Round, call);
        (string Name, Func<Measured> Run)[] sides =
        [
            ("etcd put", () => Measured.Of(etcd.ProcessId, () => Ask(etcd.Connect, EtcdPeer.Put(s_json)))),
            (Guarded, () => Measured.Of(etcd.ProcessId, () => Ask(etcd.Connect, EtcdPeer.GuardedPut(s_json)))),
            ("**our API**: create over TLS", () => Measured.Of(silo.ProcessId, () => Ask(silo.Connect, Call()))),
            ("our engine: create", () => Measured.Own(() => engine.Create(callers, plan.Round, value))),
            ("our engine: compare-and-swap", () => Measured.Own(() => engine.Swap(callers, plan.Round, value))),
        ];
        var floors = new List<double>();
        var rounds = sides.ToDictionary(side => side.Name, _ => new List<Measured>());
        for (var round = 0; round <= plan.Rounds; round++)
        {
            var floor = EngineLoad.Floor(Path.Combine(folder, "floor"), callers, s_json.Length, plan.Round / 2);
            foreach (var (name, run) in sides)
            {
                var measured = run();
                if (round > 0)
                {
                    // The first round warms all up.
                    rounds[name].Add(measured);
                }
            }

            if (round > 0)
            {
                floors.Add(floor);
            }
        }

        var cell = string.Create(CultureInfo.InvariantCulture, $"{callers}, {connections}");
        report.Add(string.Create(CultureInfo.InvariantCulture, $"| {cell} | floor: {callers} KB, then fdatasync | {Report.Median(floors):0} | | | {Report.Ratio(floors, rounds[Guarded].Select(PerSecond)):0.00} |"));
        foreach (var (name, _) in sides)
        {
            report.Add(string.Create(CultureInfo.InvariantCulture, $"| {cell} | {name} | {Measured.Show(rounds[name])} | {Report.Ratio(rounds[name].Select(PerSecond), rounds[Guarded].Select(PerSecond)):0.00} |"));
        }

        var generator = rounds.Values.Take(3).Select(measured => Report.Median(measured.Select(one => one.Load.ClientMicroseconds))).ToArray();
        report.Note(string.Create(CultureInfo.InvariantCulture, $"{callers} callers over {connections} connections: the load generator itself took {generator[0]:0} µs a put, {generator[1]:0} µs a transaction and {generator[2]:0} µs a create (TLS)."));
    }

    private const string Guarded = "etcd guarded transaction";

    private static double PerSecond(Measured measured) => measured.Load.PerSecond;

    private static LeanCall Call() =>
        new(new RequestTemplate("POST", "https", "/api/v1/namespaces/default/configmaps", s_json, ("content-type", "application/json"), ("user-agent", "bench/1")), 201);
}
