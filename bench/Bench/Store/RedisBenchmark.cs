using System.Globalization;
using KubeAspire.Bench.Http2;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Redis;
using KubeAspire.Testing.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Bench.Store;

/// <summary>The engine of several silos beside the embedded one and beside Redis itself; and how long the death of the owner's silo is felt.</summary>
internal static class RedisBenchmark
{
    private const string Peer = "Redis SET";
    private const int ValueBytes = 1_000;
    private const int MostFailovers = 5;

    public static async Task RunAsync(bool quick)
    {
        if (RedisServer.WhyNot is { } whyNot)
        {
            Console.Error.WriteLine($"redis: skipped, {whyNot}");
            return;
        }

        // The tests' store processes are set for lives of seconds; what is measured here is the product, which is set for years.
        Environment.SetEnvironmentVariable("DOTNET_TieredPGO", "1");
        Environment.SetEnvironmentVariable("DOTNET_TC_CallCountThreshold", "1E");
        var plan = quick
            ? new BenchPlan(Rounds: 1, TimeSpan.FromSeconds(0.5), TimeSpan.Zero, [(1, 1), (64, 1)], []) : new BenchPlan(Rounds: 3, TimeSpan.FromSeconds(1.5), TimeSpan.Zero, [(1, 1), (64, 1)], []);
        var report = new Report("clustering", string.Create(CultureInfo.InvariantCulture, $"""
            The engine of several silos, whose log is in Redis, beside the embedded engine and beside Redis itself: all in turn, in the same run, on the same disk, {plan.Rounds} rounds after
            one that warms up. A figure is the median of the rounds, a ratio that of the ratios of each round. Redis syncs its append-only file before each answer (appendfsync always).
            """));
        var folder = Path.Combine(Path.GetTempPath(), $"kubeaspire-bench-{Environment.ProcessId}");
        try
        {
            await using var cluster = SiloCluster.WhyNot is null ? await SiloCluster.StartAsync(3, CancellationToken.None) : null;
            await CommitAsync(report, plan, folder, cluster);
            if (cluster is not null)
            {
                await FailOverAsync(report, cluster, quick ? 1 : MostFailovers);
                await HangAsync(report, cluster, quick ? 1 : MostFailovers);
            }
            else
            {
                report.Note($"Silos as processes are left out: {SiloCluster.WhyNot}.");
            }
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        report.Save();
    }

    private static async Task CommitAsync(Report report, BenchPlan plan, string folder, SiloCluster? cluster)
    {
        report.Section(
            "Durable writes of 1 KB, and reads",
            "Redis: SET and XADD of the same bytes, and GET, all callers over one connection of the engine's own client. Engines: a create, a compare-and-swap, and a read of the newest state. "
            + "\"Here\" is in the measuring process. Silos are processes on Orleans, asked over a Unix socket; the one that does not own the store passes its writes on to the owner.");
        await using var server = await RedisServer.StartAsync();
        await using var redis = await RespConnection.ConnectAsync(RedisAddress.Parse(server.ConnectionString), TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None);
        await using var embedded = await EngineLoad.OpenAsync(Path.Combine(folder, "embedded"));
        await using var engine = await RedisStateEngine.OpenAsync(
            new RedisStateOptions { ConnectionString = server.ConnectionString }, silo => new LocalSequencer(silo), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        var value = EngineLoad.Value(ValueBytes);
        var read = new StateKey("configmaps", "default", "read");
        await engine.CreateAsync(read, value, CancellationToken.None);
        List<(string Name, Func<int, LoadResult> Run)> sides =
        [
            (Peer, callers => Ask(redis, callers, plan.Round, number => ["SET", $"bench-{number}"], value)),
            ("Redis XADD", callers => Ask(redis, callers, plan.Round, _ => ["XADD", "bench", "*", "e"], value)),
            ("embedded engine: create", callers => embedded.Create(callers, plan.Round, value)),
            ("**engine on Redis**, owner here: create", callers => EngineLoad.Create(engine, callers, plan.Round, value)),
            ("**engine on Redis**, owner here: compare-and-swap", callers => EngineLoad.Swap(engine, callers, plan.Round, value)),
        ];
        if (cluster is not null)
        {
            await cluster.Silo(0).Engine.CreateAsync(read, value, CancellationToken.None);
            var owner = await cluster.OwnerAsync(CancellationToken.None);
            var (at, beside) = (cluster.Silo(owner).Engine, cluster.Silo((owner + 1) % cluster.Count).Engine);
            sides.Add(("the owner's silo, a process: create", callers => EngineLoad.Create(at, callers, plan.Round, value)));
            sides.Add(("another silo, a process: create", callers => EngineLoad.Create(beside, callers, plan.Round, value)));
        }

        sides.Add(("Redis GET", callers => Ask(redis, callers, plan.Round, _ => ["GET", "bench-1"], null)));
        sides.Add(("**engine on Redis**: get of the newest", callers => EngineLoad.Run(callers, plan.Round, async (_, _) => (await engine.GetAsync(read, CancellationToken.None))!.Revision)));
        report.Add("| callers | what | per second | p50 / p99 ms | CPU here µs each | beside SET (reads: beside GET) |");
        report.Add("| --- | --- | --- | --- | --- | --- |");
        foreach (var (callers, _) in plan.Shapes)
        {
            Shape(report, plan, callers, sides);
        }

        report.Add("");
    }

    private static void Shape(Report report, BenchPlan plan, int callers, List<(string Name, Func<int, LoadResult> Run)> sides)
    {
        var rounds = sides.ToDictionary(side => side.Name, _ => new List<Measured>());
        for (var round = 0; round <= plan.Rounds; round++)
        {
            foreach (var (name, run) in sides)
            {
                var measured = Measured.Own(() => run(callers));
                if (round > 0)
                {
                    // The first round warms all up.
                    rounds[name].Add(measured);
                }
            }
        }

        foreach (var (name, _) in sides)
        {
            var peer = name.Contains("get", StringComparison.OrdinalIgnoreCase) ? "Redis GET" : Peer;
            report.Add(string.Create(CultureInfo.InvariantCulture, $"| {callers} | {name} | {Measured.Show(rounds[name])} | {Report.Ratio(rounds[name].Select(PerSecond), rounds[peer].Select(PerSecond)):0.00} |"));
        }

        static double PerSecond(Measured measured) => measured.Load.PerSecond;
    }

    private static LoadResult Ask(RespConnection redis, int callers, TimeSpan duration, Func<long, string[]> words, StateValue? value) => EngineLoad.Run(callers, duration, async (_, number) =>
    {
        ReadOnlyMemory<byte>[] command = [.. words(number).Select(RespConnection.Word), .. value is { } stored ? new[] { stored.Json } : []];
        await redis.SendAsync(TimeSpan.FromSeconds(5), CancellationToken.None, command);
        return number;
    });

    private static async Task FailOverAsync(Report report, SiloCluster cluster, int times)
    {
        report.Section("The death of the owner's silo", "From SIGKILL of the silo that owns the store to the next acknowledged write, made at once at another of three silos; the silo then joins again.");
        var clock = TimeProvider.System;
        List<double> took = [];
        for (var time = 0; time < times; time++)
        {
            var owner = await cluster.OwnerAsync(CancellationToken.None);
            var other = cluster.Silo((owner + 1) % cluster.Count).Engine;
            var killed = clock.GetTimestamp();
            await cluster.KillAsync(owner);
            await other.CreateAsync(new StateKey("configmaps", "default", $"after-{time}"), EngineLoad.Value(ValueBytes), CancellationToken.None);
            took.Add(clock.GetElapsedTime(killed).TotalSeconds);
            await cluster.JoinAsync(owner, CancellationToken.None);
        }

        report.Add(MedianOf(took));
        report.Add("");
    }

    private static async Task HangAsync(Report report, SiloCluster cluster, int times)
    {
        report.Section(
            "An owner's silo that hangs",
            "From SIGSTOP of the silo that owns the store to the next acknowledged write at another one. Then it is let go on: it finds itself held dead, and ends; it joins again as a new member.");
        var clock = TimeProvider.System;
        List<double> took = [];
        List<double> ended = [];
        for (var time = 0; time < times; time++)
        {
            var owner = await cluster.OwnerAsync(CancellationToken.None);
            var hung = cluster.Silo(owner);
            var other = cluster.Silo((owner + 1) % cluster.Count).Engine;
            var stopped = clock.GetTimestamp();
            await hung.PauseAsync(CancellationToken.None);
            await other.CreateAsync(new StateKey("configmaps", "default", $"while-hung-{time}"), EngineLoad.Value(ValueBytes), CancellationToken.None);
            took.Add(clock.GetElapsedTime(stopped).TotalSeconds);
            hung.Resume();
            var resumed = clock.GetTimestamp();
            await hung.WaitForExitAsync(CancellationToken.None);
            ended.Add(clock.GetElapsedTime(resumed).TotalSeconds);
            await cluster.KillAsync(owner);
            await cluster.JoinAsync(owner, CancellationToken.None);
        }

        report.Add(MedianOf(took));
        report.Add("");
        report.Add($"From SIGCONT to the end of its process: {MedianOf(ended)}");
    }

    private static string MedianOf(List<double> seconds) => string.Create(
        CultureInfo.InvariantCulture, $"median of {seconds.Count}: **{Report.Median(seconds):0.00} s** ({seconds.Min():0.00} to {seconds.Max():0.00} s).");
}
