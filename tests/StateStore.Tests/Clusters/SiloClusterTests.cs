using System.Globalization;
using KubeAspire.Testing;
using KubeAspire.Testing.Histories;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Clusters;

/// <summary>Three silos on Orleans and a real Redis: histories while something happens to silos or to Redis, judged as those of one process are.</summary>
public sealed class SiloClusterTests(ITestOutputHelper output)
{
    private const int LeastCalls = 2_000;
    private const double LeastAvailability = 99.5;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AfterTheOwnersSiloIsKilled_WritesGoOn()
    {
        await using var cluster = await StartAsync(3);
        await cluster.Silo(0).Engine.CreateAsync(new StateKey("pods", "default", "first"), StateObjects.Value("1"), Token);
        var owner = await cluster.OwnerAsync(Token);
        var other = cluster.Silo((owner + 1) % 3).Engine;
        var clock = TimeProvider.System;

        var killed = clock.GetTimestamp();
        await cluster.KillAsync(owner);
        var write = await other.CreateAsync(new StateKey("pods", "default", "second"), StateObjects.Value("1"), Token);
        var took = clock.GetElapsedTime(killed);

        Assert.Equal(StateOutcome.Committed, write.Outcome);
        Assert.NotEqual(owner, await cluster.OwnerAsync(Token));
        output.Tell(string.Create(CultureInfo.InvariantCulture, $"from SIGKILL of the owner's silo to the next acknowledged write: {took.TotalSeconds:0.00} s"));
    }

    [Theory]
    [InlineData("killed", 2)]
    [InlineData("paused", 1)]
    [InlineData("redis killed", 3)]
    public async Task HistoriesOnSilos_WhoseOwnerOrRedisIs_KeepEveryPromise(string fault, int times)
    {
        var (verdict, silos) = await RunAsync(fault, times, new HistoryOptions { Seed = 5, Calls = 250, CompactEvery = 100, Pause = TimeSpan.FromMilliseconds(15) });

        output.Tell(string.Create(
            CultureInfo.InvariantCulture, $"a history on three silos, {fault} {silos.Faults} times, checked: {verdict.Operations:N0} calls, {verdict.Unknown} of unknown end, longest {verdict.Longest.TotalSeconds:0.0} s"));
    }

    [Fact]
    public async Task ARollingRestart_OfAllSilos_UnderLoad_LosesNothing_AndIsHardlySeen()
    {
        var (verdict, silos) = await RunAsync("restarted", 3, new HistoryOptions { Seed = 11, Calls = LeastCalls / 8, Keys = 24, Pause = TimeSpan.FromMilliseconds(20) });

        Assert.True(verdict.Operations >= LeastCalls, $"{verdict.Operations} calls only");
        Assert.True(verdict.Availability >= LeastAvailability, $"{verdict.Failed} of {verdict.Operations} calls failed");
        output.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"a rolling restart of three silos under load: {verdict.Operations - verdict.Failed:N0} of {verdict.Operations:N0} calls answered ({verdict.Availability:0.00} %), longest {verdict.Longest.TotalSeconds:0.00} s, leaves {string.Join(", ", silos.Leaves.Select(leave => leave.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)))} s"));
    }

    private static async Task<(HistoryVerdict Verdict, FaultySilos Silos)> RunAsync(string fault, int times, HistoryOptions options)
    {
        Assert.SkipWhen(SiloCluster.WhyNot is not null, SiloCluster.WhyNot ?? "");
        await using var silos = new FaultySilos(fault, options.Seed, times);
        await silos.StartAsync(Token);
        var verdict = await new HistoryRun(options with { Until = silos.Faulting }, silos.ClientAsync).RunAsync(Token);
        await silos.Faulting;

        Assert.True(verdict.Problems.Count == 0, $"{verdict.Problems.Count} problems\n{string.Join('\n', verdict.Problems.Take(10))}");
        Assert.Equal(times, silos.Faults);
        Assert.True(verdict.Events > verdict.Operations / 4, $"the watches saw {verdict.Events} events only");
        return (verdict, silos);
    }

    private static Task<SiloCluster> StartAsync(int silos)
    {
        Assert.SkipWhen(SiloCluster.WhyNot is not null, SiloCluster.WhyNot ?? "");
        return SiloCluster.StartAsync(silos, Token);
    }
}
