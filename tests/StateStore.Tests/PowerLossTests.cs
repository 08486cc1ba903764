using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests;

/// <summary>
/// The power goes at every operation of a small history, and at drawn ones of long histories. Whatever was acknowledged is there
/// afterwards; what was not is there whole or not at all; the store opens and goes on.
/// </summary>
public sealed class PowerLossTests(ITestOutputHelper output)
{
    private const int Steps = 60;
    private const int Seeds = 5_000;
    private const int ReadSeeds = 5_000;

    public static TheoryData<string> Fates => ["Drop", "Keep", "TearLast", "TearFirst", "Garble"];

    [Theory]
    [MemberData(nameof(Fates))]
    public async Task PowerLoss_AtEveryOperation_LosesNothingAcknowledged(string fateName)
    {
        var fate = Enum.Parse<Fate>(fateName);
        var crashes = 0;
        foreach (var keepDirectory in new[] { false, true })
        {
            for (var at = 1; ; at++)
            {
                var disk = new SimulatedDisk { PowerLossAt = at };
                var history = new WrittenHistory(seed: 1);
                await history.RunAsync(disk, steps: Steps);
                if (!disk.PowerLost)
                {
                    break;
                }

                crashes++;
                await history.VerifyAsync(disk.AfterPowerLoss(() => fate, count => keepDirectory ? count : 0), $"operation {at}, {fate}, directory {keepDirectory}");
            }
        }

        output.Tell($"power loss at every operation, {fate}: {crashes:N0} crashes simulated, nothing acknowledged lost");
        Assert.True(crashes > 200, $"only {crashes} operations: the history no longer rolls segments and takes snapshots");
    }

    [Fact]
    public async Task PowerLoss_Drawn_AndDrawnAgainDuringRecovery_LosesNothingAcknowledged()
    {
        var crashes = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            crashes += await PowerLossDrill.RunAsync(seed);
        }

        output.Tell($"power loss drawn from seeds 0 to {Seeds - 1}, again during recovery: {crashes:N0} crashes simulated, nothing acknowledged lost");
    }

    [Fact]
    public async Task WhatIsReadDuringASync_IsThere_WhenThePowerGoesInThatSync()
    {
        var read = 0;
        for (var seed = 0; seed < ReadSeeds; seed++)
        {
            read += await PowerLossDrill.ReadDuringSyncAsync(seed);
        }

        output.Tell($"power loss in a sync during which all is read: {ReadSeeds:N0} crashes, {read:N0} values read, all there afterwards");
        Assert.True(read > ReadSeeds, $"only {read} values were read");
    }

    [Fact]
    public async Task PowerLoss_AroundEveryStepOfASegmentsBeginning_ASnapshot_AndTheDeletionOfTheOld_LeavesTheOldOrTheNew()
    {
        var journal = new List<string>();
        await new WrittenHistory(seed: 2).RunAsync(new SimulatedDisk { Journal = journal }, steps: 40);
        var steps = new Dictionary<string, int>();
        for (var at = 1; at <= journal.Count; at++)
        {
            if (StepOf(journal[at - 1]) is not { } step)
            {
                continue;
            }

            foreach (var fate in Enum.GetValues<Fate>())
            {
                foreach (var keepDirectory in new[] { false, true })
                {
                    var disk = new SimulatedDisk { PowerLossAt = at };
                    var history = new WrittenHistory(seed: 2);
                    await history.RunAsync(disk, steps: 40);
                    await history.VerifyAsync(disk.AfterPowerLoss(() => fate, count => keepDirectory ? count : 0), $"{journal[at - 1]} (operation {at}), {fate}, directory {keepDirectory}");
                    steps[step] = steps.GetValueOrDefault(step) + 1;
                }
            }
        }

        output.Tell($"power loss around the steps of segments and snapshots: {steps.Values.Sum():N0} crashes: " + string.Join("; ", steps.OrderBy(step => step.Key, StringComparer.Ordinal).Select(step => $"{step.Key}: {step.Value}")));
        string[] all =
        [
            "create segment", "write segment", "allocate segment", "sync segment", "rename segment", "delete segment",
            "create snapshot", "write snapshot", "sync snapshot", "rename snapshot", "delete snapshot", "sync directory",
        ];
        Assert.Equal(all.Order(), steps.Keys.Order());
    }

    // What does not belong to a commit: commits write to and sync a segment under its final name.
    private static string? StepOf(string operation)
    {
        var parts = operation.Split(' ', 2);
        var temporary = parts[1].EndsWith(".tmp", StringComparison.Ordinal);
        return parts[1] == "the directory" ? "sync directory"
            : parts[1].Contains(".snapshot", StringComparison.Ordinal) ? $"{parts[0]} snapshot"
            : temporary || parts[0] is "rename" or "delete" ? $"{parts[0]} segment" : null;
    }

    [Fact]
    public async Task WhatIsRead_IsDurable_EvenWhileACommitIsUnderWay()
    {
        var disk = new SimulatedDisk();
        await using var engine = SimulatedEngine.Open(disk);
        await engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), CancellationToken.None);
        using var watch = engine.Watch(new StateRange("pods"), 2);
        var looked = 0;
        disk.BeforeSync = () =>
        {
            looked++;
            Assert.Equal(2, engine.Revision);
            Assert.Null(engine.GetAsync(StateObjects.Pod("b"), CancellationToken.None).AsTask().GetAwaiter().GetResult());
            Assert.Empty(watch.NextAsync(TimeSpan.Zero, CancellationToken.None).AsTask().GetAwaiter().GetResult().Events);
        };
        await engine.CreateAsync(StateObjects.Pod("b"), StateObjects.Value("1"), CancellationToken.None);
        disk.BeforeSync = null;
        Assert.Equal((1, 3L), (looked, engine.Revision));
    }
}
