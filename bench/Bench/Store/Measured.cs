using System.Globalization;
using KubeAspire.Bench.Http2;

namespace KubeAspire.Bench.Store;

/// <summary>A load and what it cost the server.</summary>
/// <param name="Load">What the generator saw.</param>
/// <param name="ServerMicroseconds">Processor time of the server a request, µs.</param>
internal sealed record Measured(LoadResult Load, double ServerMicroseconds)
{
    public static Measured Of(int server, Func<LoadResult> run)
    {
        var before = ProcessorTime.Of(server);
        var load = run();
        return new Measured(load, (ProcessorTime.Of(server) - before).TotalMicroseconds / load.Requests);
    }

    /// <summary>Of a load without a server: what is measured runs in this process.</summary>
    public static Measured Own(Func<LoadResult> run)
    {
        var load = run();
        return new Measured(load, load.ClientMicroseconds);
    }

    /// <summary>Three cells of a table: rate, latencies, processor time.</summary>
    public static string Show(IReadOnlyCollection<Measured> rounds) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Report.Median(rounds.Select(round => round.Load.PerSecond)):0} | {Report.Median(rounds.Select(round => round.Load.P50)):0.00} / {Report.Median(rounds.Select(round => round.Load.P99)):0.00} | {Report.Median(rounds.Select(round => round.ServerMicroseconds)):0}");
}

/// <summary>How long and how often is measured.</summary>
/// <param name="Rounds">Rounds that count; one more, before them, warms up.</param>
/// <param name="Round">Length of one measurement.</param>
/// <param name="Warming">How long a server is loaded before it is measured.</param>
/// <param name="Shapes">Callers and the connections they share.</param>
/// <param name="Held">Numbers of objects whose memory and recovery are measured.</param>
internal sealed record BenchPlan(int Rounds, TimeSpan Round, TimeSpan Warming, IReadOnlyList<(int Callers, int Connections)> Shapes, IReadOnlyList<int> Held);
