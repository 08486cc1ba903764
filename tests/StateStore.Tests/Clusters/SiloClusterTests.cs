using System.Globalization;
using KubeAspire.Testing;
using KubeAspire.Testing.Histories;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Clusters;

/// <summary>Three silos on Orleans and a real Redis: histories while something happens to silos or to Redis, judged as those of one process are.</summary>
/// <remarks>The silos go from test to test, each of which begins with three that live and an empty store: starting them is most of what a test would take.</remarks>
public sealed class SiloClusterTests(ITestOutputHelper output, SiloClusterTests.Silos silos) : IClassFixture<SiloClusterTests.Silos>
{
    private const int LeastCalls = 2_000;
    private const double LeastAvailability = 99.5;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AfterTheOwnersSiloIsKilled_WritesGoOn()
    {
        var cluster = await silos.BeginAsync();
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
        silos.Whole();
        output.Tell(string.Create(CultureInfo.InvariantCulture, $"from SIGKILL of the owner's silo to the next acknowledged write: {took.TotalSeconds:0.00} s"));
    }

    [Theory]
    [InlineData("killed", 2)]
    [InlineData("paused", 1)]
    [InlineData("redis killed", 3)]
    public async Task HistoriesOnSilos_WhoseOwnerOrRedisIs_KeepEveryPromise(string fault, int times)
    {
        var (verdict, faulty) = await RunAsync(fault, times, new HistoryOptions { Seed = 5, Calls = 250, CompactEvery = 100, Pause = TimeSpan.FromMilliseconds(15) });

        output.Tell(string.Create(
            CultureInfo.InvariantCulture, $"a history on three silos, {fault} {faulty.Faults} times, checked: {verdict.Operations:N0} calls, {verdict.Unknown} of unknown end, longest {verdict.Longest.TotalSeconds:0.0} s"));
    }

    [Fact]
    public async Task ARollingRestart_OfAllSilos_UnderLoad_LosesNothing_AndIsHardlySeen()
    {
        var (verdict, faulty) = await RunAsync("restarted", 3, new HistoryOptions { Seed = 11, Calls = LeastCalls / 8, Keys = 24, Pause = TimeSpan.FromMilliseconds(20) });

        Assert.True(verdict.Operations >= LeastCalls, $"{verdict.Operations} calls only");
        Assert.True(verdict.Availability >= LeastAvailability, $"{verdict.Failed} of {verdict.Operations} calls failed");
        output.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"a rolling restart of three silos under load: {verdict.Operations - verdict.Failed:N0} of {verdict.Operations:N0} calls answered ({verdict.Availability:0.00} %), longest {verdict.Longest.TotalSeconds:0.00} s, leaves {string.Join(", ", faulty.Leaves.Select(leave => leave.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)))} s"));
    }

    private async Task<(HistoryVerdict Verdict, FaultySilos Faulty)> RunAsync(string fault, int times, HistoryOptions options)
    {
        await using var faulty = new FaultySilos(fault, options.Seed, times, await silos.BeginAsync());
        await faulty.StartAsync(Token);
        var verdict = await new HistoryRun(options with { Until = faulty.Faulting }, faulty.ClientAsync).RunAsync(Token);
        await faulty.Faulting;

        Assert.True(verdict.Problems.Count == 0, $"{verdict.Problems.Count} problems\n{string.Join('\n', verdict.Problems.Take(10))}");
        Assert.Equal(times, faulty.Faults);
        Assert.True(verdict.Events > verdict.Operations / 4, $"the watches saw {verdict.Events} events only");
        silos.Whole();
        return (verdict, faulty);
    }

    /// <summary>The silos of the tests. A test that fails does not give them back: the next has new ones.</summary>
    public sealed class Silos : IAsyncDisposable
    {
        private SiloCluster? _cluster;
        private bool _whole;

        /// <summary>Three silos that live, on an empty store. Skips the test where there can be none.</summary>
        public async Task<SiloCluster> BeginAsync()
        {
            Assert.SkipWhen(SiloCluster.WhyNot is not null, SiloCluster.WhyNot ?? "");
            if (_cluster is { } used && !_whole)
            {
                await used.DisposeAsync();
                _cluster = null;
            }

            _whole = false;
            _cluster ??= await SiloCluster.StartAsync(3, Token);
            await _cluster.BeginAnewAsync(Token);
            return _cluster;
        }

        /// <summary>Says that the test leaves the silos as a good one does: each lives, or was killed and may be started again.</summary>
        public void Whole() => _whole = true;

        /// <inheritdoc/>
        public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
