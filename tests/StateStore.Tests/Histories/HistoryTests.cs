using System.Globalization;
using KubeAspire.Testing;
using KubeAspire.Testing.Histories;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Histories;

/// <summary>Histories of many clients at once, judged for linearizability and for what watches promise; and whether the judges notice what is planted.</summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private const int PlainHistories = 12;
    private const int FaultyHistories = 6;

    // A bug that shows by chance is given this many histories to show in.
    private const int Attempts = 12;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task PlainHistories_KeepEveryPromise()
    {
        var calls = 0;
        for (var seed = 0; seed < PlainHistories; seed++)
        {
            await using var store = await TemporaryStateEngine.OpenAsync();
            calls += Good(await RunAsync(store.Engine, new HistoryOptions { Seed = seed }), seed);
        }

        output.Tell($"{PlainHistories} plain histories checked, {calls.ToString("N0", CultureInfo.InvariantCulture)} calls");
    }

    [Fact]
    public async Task HistoriesUnderCompactionAndSnapshots_KeepEveryPromise()
    {
        var calls = 0;
        for (var seed = 0; seed < FaultyHistories; seed++)
        {
            // A snapshot every few dozen records, a segment not much larger, history that is compacted under the watches. Writers without a pause would have it
            // compacted before most watches come to read it.
            await using var store = await TemporaryStateEngine.OpenAsync(configure: store => store.SnapshotAfterLogBytes = 16 * 1024);
            calls += Good(await RunAsync(store.Engine, new HistoryOptions { Seed = seed, CompactEvery = 40, Pause = s_pause }), seed);
        }

        output.Tell($"{FaultyHistories} histories under compaction and snapshots checked, {calls.ToString("N0", CultureInfo.InvariantCulture)} calls");
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("paused")]
    [InlineData("slow to sync")]
    public async Task HistoriesOfAProcess_ThatIs_KeepEveryPromise(string fault)
    {
        var (calls, unknown, faults) = (0, 0, 0);
        const int Histories = 3;
        for (var seed = 0; seed < Histories; seed++)
        {
            await using var store = new FaultyStore(fault, seed);
            await store.StartAsync(TestContext.Current.CancellationToken);
            var verdict = await new HistoryRun(new HistoryOptions { Seed = seed, CompactEvery = 100 }, store.EngineAsync).RunAsync(TestContext.Current.CancellationToken);
            calls += Good(verdict, seed);
            unknown += verdict.Unknown;
            faults += store.Faults;
        }

        Assert.True(faults > 0, "nothing happened to the process");
        output.Tell($"{Histories} histories of a process {fault} {faults} times checked, {calls.ToString("N0", CultureInfo.InvariantCulture)} calls, {unknown} of them with no known end");
    }

    [Fact]
    public async Task EveryPlantedBug_IsCaught()
    {
        var bugs = Enum.GetValues<PlantedBug>().Where(bug => bug != PlantedBug.None).ToList();
        List<PlantedBug> missed = [];
        foreach (var bug in bugs)
        {
            if (!await IsCaughtAsync(bug))
            {
                missed.Add(bug);
            }
        }

        output.Tell($"planted bugs caught: {bugs.Count - missed.Count} of {bugs.Count}");
        Assert.True(missed.Count == 0, $"unnoticed in {Attempts} histories each: {string.Join(", ", missed)}");
    }

    private async Task<bool> IsCaughtAsync(PlantedBug bug)
    {
        for (var seed = 0; seed < Attempts; seed++)
        {
            await using var store = await TemporaryStateEngine.OpenAsync();
            await using var buggy = new BuggyEngine(store.Engine, bug, seed);
            var verdict = await RunAsync(buggy, new HistoryOptions { Seed = seed, CompactEvery = 60 });
            if (verdict.Problems.Count > 0)
            {
                output.WriteLine($"{bug} caught by history {seed}: {verdict.Problems[0]}");
                return true;
            }
        }

        return false;
    }

    [Fact]
    public async Task WithoutABug_TheSameEngineIsFoundGood()
    {
        await using var store = await TemporaryStateEngine.OpenAsync();
        await using var control = new BuggyEngine(store.Engine, PlantedBug.None, 1);
        Good(await RunAsync(control, new HistoryOptions { Seed = 1, CompactEvery = 60 }), 1);
    }

    [Fact]
    public void TheSearch_FindsTheOrder_WhereThereIsOne_AndNoneWhereThereIsNone()
    {
        static Operation Write(int client, string id, long from, long to, string? expected = null) =>
            new(client, expected is null ? OperationKind.Create : OperationKind.Update, "k") { Written = id, Expected = new Seen("k", 0, expected!), Invoked = from, Returned = to, Outcome = StateOutcome.Committed };
        static Operation Read(int client, string? id, long from, long to) => new(client, OperationKind.Get, "k") { Invoked = from, Returned = to, Found = id is null ? null : new Seen("k", 0, id) };

        Assert.Empty(LinearizabilityCheck.Check([Write(0, "a", 1, 10), Read(1, null, 2, 5), Read(2, "a", 3, 4)]));
        Assert.Single(LinearizabilityCheck.Check([Write(0, "a", 1, 10), Read(1, "a", 2, 3), Read(2, null, 4, 5)]));
        Assert.Single(LinearizabilityCheck.Check([Write(0, "a", 1, 2), Read(1, null, 3, 4)]));
        Assert.Single(LinearizabilityCheck.Check([Write(0, "a", 1, 2), Write(1, "b", 3, 8, "a"), Write(2, "c", 3, 8, "a")]));
        // A write of which nobody knows may have taken place, or not; but not come and gone.
        var unknown = Write(0, "a", 1, 0) with { Returned = long.MaxValue, Outcome = null };
        Assert.Empty(LinearizabilityCheck.Check([unknown, Read(1, null, 2, 3), Read(1, "a", 4, 5)]));
        Assert.Empty(LinearizabilityCheck.Check([unknown, Read(1, null, 2, 3), Read(1, null, 4, 5)]));
        Assert.Single(LinearizabilityCheck.Check([unknown, Read(1, "a", 2, 3), Read(1, null, 4, 5)]));
    }

    private static Task<HistoryVerdict> RunAsync(IStateEngine engine, HistoryOptions options) =>
        new HistoryRun(options, _ => ValueTask.FromResult(engine)).RunAsync(TestContext.Current.CancellationToken);

    private static int Good(HistoryVerdict verdict, int seed)
    {
        Assert.True(verdict.Problems.Count == 0, $"seed {seed}: {verdict.Problems.Count} problems\n{string.Join('\n', verdict.Problems.Take(10))}");
        // A watch may sleep through a part, but not all through everything.
        Assert.True(verdict.Events > verdict.Operations / 100, $"the watches saw {verdict.Events} events only");
        return verdict.Operations;
    }
}
