using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KubeAspire.Bench.Store;

namespace KubeAspire.Bench;

/// <summary>
/// From the exec of <c>up --detach</c>, of an empty state: until the API answers, until every node is Ready, until a pod runs that is posted
/// as soon as the API takes it; then what the cluster costs while nothing happens. The floor is Kestrel alone, of this same framework.
/// </summary>
internal static class StartBenchmark
{
    private const int Nodes = 2;

    /// <summary>Rounds, after one that warms up the disk's cache and the measuring process. 5.</summary>
    private const int Rounds = 5;

    /// <summary>How long a cluster is left alone before its memory is looked at, and then its processor time. 10 s.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    // Loopback, our own processes.
#pragma warning disable CA5359
    private static readonly HttpClient s_anybody = new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, PooledConnectionLifetime = TimeSpan.Zero });
#pragma warning restore CA5359

    public static async Task RunAsync(bool quick)
    {
        if (await BenchCluster.MakeImagesAsync() is { } problem)
        {
            Console.Error.WriteLine($"up: skipped, the images could not be made: {problem}");
            return;
        }

        var rounds = new List<Round>();
        for (var number = 0; number <= (quick ? 1 : Rounds); number++)
        {
            var round = new Round();
            await MeasureFloorAsync(round);
            if (!await MeasureUpAsync(round))
            {
                return;
            }

            if (number > 0)
            {
                rounds.Add(round);
            }
        }

        Tell(rounds);
    }

    private static async Task MeasureFloorAsync(Round round)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "{}");
        var port = ChildProcess.FreePort();
        var watch = Stopwatch.StartNew();
        await using (var floor = KestrelPeer.Run(port, file))
        {
            await AnswersAsync(port);
            round.Set("floor", watch.Elapsed.TotalSeconds);
            round.Set("floor CPU", ProcessorTime.Of(floor.Id).TotalSeconds);
        }

        File.Delete(file);
    }

    private static async Task<bool> MeasureUpAsync(Round round)
    {
        var cluster = new BenchCluster("up", Nodes);
        var ended = ProcessorTime.OfEndedChildren();
        var watch = Stopwatch.StartNew();
        var up = cluster.UpAsync();
        try
        {
            await AnswersAsync(cluster.ApiPort);
            round.Set("api", watch.Elapsed.TotalSeconds);
            var pod = RunPodAsync(cluster, watch);
            if (await up is { Code: not 0 } failed)
            {
                Console.Error.WriteLine($"up: skipped, no cluster: {failed.Output}");
                return false;
            }

            round.Set("ready", watch.Elapsed.TotalSeconds);
            var processes = cluster.Processes();
            // What had ended by then: the command itself, which has started the launcher and gone.
            round.Set("CPU up --detach", (ProcessorTime.OfEndedChildren() - ended).TotalSeconds);
            foreach (var (name, id) in processes)
            {
                round.Set($"CPU {name}", ProcessorTime.Of(id).TotalSeconds);
            }

            round.Set("CPU", round.Values.Where(value => value.Key.StartsWith("CPU ", StringComparison.Ordinal)).Sum(value => value.Value));
            round.Set("pod", await pod);
            await Task.Delay(s_idle, TimeProvider.System, CancellationToken.None);
            foreach (var (name, id) in processes)
            {
                round.Set($"PSS {name}", ProcessorTime.ProportionalOf(id) / 1e6);
            }

            round.Set("PSS", round.Values.Where(value => value.Key.StartsWith("PSS ", StringComparison.Ordinal)).Sum(value => value.Value));
            var before = processes.Values.Sum(id => ProcessorTime.Of(id).TotalSeconds);
            await Task.Delay(s_idle, TimeProvider.System, CancellationToken.None);
            round.Set("idle", 100 * (processes.Values.Sum(id => ProcessorTime.Of(id).TotalSeconds) - before) / s_idle.TotalSeconds);
            return true;
        }
        finally
        {
            await up;
            await cluster.DownAsync();
        }
    }

    // Looked at as seldom as the figure allows: the machine has other things to do.
    private static async Task AnswersAsync(int port)
    {
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{port}/readyz"));
        var deadline = Stopwatch.StartNew();
        while (deadline.Elapsed < s_patience)
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await probe.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
                using var answer = await s_anybody.GetAsync(url);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (Exception error) when (error is SocketException or HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(s_pause, TimeProvider.System, CancellationToken.None);
        }

        throw new TimeoutException($"{url} does not answer");
    }

    // Posted until it is taken: its namespace gets its service account from a controller, a moment after the API answers.
    private static async Task<double> RunPodAsync(BenchCluster cluster, Stopwatch watch)
    {
        using var api = SiloPeer.ClientOf(cluster.Kubeconfig, cluster.ApiPort);
        while (true)
        {
            using var body = new StringContent(PodStartBenchmark.BodyOf("first"), Encoding.UTF8, "application/json");
            using var created = await api.PostAsync(PodStartBenchmark.Pods, body);
            if (created.IsSuccessStatusCode)
            {
                await PodStartBenchmark.FollowAsync(api, "first", await PodStartBenchmark.VersionOf(created), PodStartBenchmark.IsRunning);
                return watch.Elapsed.TotalSeconds;
            }

            if (created.StatusCode != HttpStatusCode.Forbidden || watch.Elapsed > s_patience)
            {
                throw new InvalidOperationException($"the pod was refused: {await created.Content.ReadAsStringAsync()}");
            }

            await Task.Delay(s_pause, TimeProvider.System, CancellationToken.None);
        }
    }

    private static void Tell(List<Round> rounds)
    {
        var report = new Report("start", $"""
            `up --detach` of what was built, from an empty state, with {Nodes} nodes; images are there. Times count from its exec. The pod is posted as soon as the API takes it. The floor: a process
            that is Kestrel with TLS and nothing else, from its exec to its first answer. In turn, {rounds.Count} rounds after one that warms up; medians, and the range.
            """);
        report.Add("| | | range | goal |");
        report.Add("| --- | --- | --- | --- |");
        report.Add(Row(rounds, "floor: Kestrel answers", "floor", "s", ""));
        report.Add(Row(rounds, "the API answers", "api", "s", "1 s"));
        report.Add(Row(rounds, "both nodes are Ready, and `up` returns", "ready", "s", ""));
        report.Add(Row(rounds, "the first pod is Running", "pod", "s", "3 s"));
        report.Add(Row(rounds, "processor time of all processes by then", "CPU", "s", ""));
        report.Add(Row(rounds, "the floor's", "floor CPU", "s", ""));
        report.Add(Row(rounds, $"memory (PSS) of all processes after {s_idle.TotalSeconds:0} s without work", "PSS", "MB", "300 MB"));
        report.Add(Row(rounds, $"their processor time in the next {s_idle.TotalSeconds:0} s, of one core", "idle", "%", "1 %"));
        report.Add("\n| process | processor time until Ready, s | memory (PSS), MB |");
        report.Add("| --- | --- | --- |");
        foreach (var name in rounds[0].Values.Keys.Where(key => key.StartsWith("CPU ", StringComparison.Ordinal)).Select(key => key[4..]).Order(StringComparer.Ordinal))
        {
            var memory = rounds[0].Values.ContainsKey($"PSS {name}") ? Median(rounds, $"PSS {name}").ToString("0", CultureInfo.InvariantCulture) : "";
            report.Add(string.Create(CultureInfo.InvariantCulture, $"| {name} | {Median(rounds, $"CPU {name}"):0.00} | {memory} |"));
        }

        report.Save();
    }

    private static double Median(List<Round> rounds, string key) => Report.Median(rounds.Select(round => round.Values[key]));

    private static string Row(List<Round> rounds, string name, string key, string unit, string goal)
    {
        var values = rounds.Select(round => round.Values[key]).ToList();
        var format = unit == "s" ? "0.00" : unit == "%" ? "0.0" : "0";
        return $"| {name} | {Text(Report.Median(values))} {unit} | {Text(values.Min())} to {Text(values.Max())} | {goal} |";

        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>The figures of one round.</summary>
    private sealed class Round
    {
        public Dictionary<string, double> Values { get; } = [];

        public void Set(string key, double value) => Values[key] = value;
    }
}
