using KubeAspire.StateStore.Tests.Disks;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests;

/// <summary>
/// The power goes at every operation of a small history, and at drawn ones of long histories. Whatever was acknowledged is there
/// afterwards; what was not is there whole or not at all; the store opens and goes on.
/// </summary>
public sealed class PowerLossTests(ITestOutputHelper output)
{
    private const int Seeds = 400;

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
                await history.RunAsync(disk, steps: 40);
                if (!disk.PowerLost)
                {
                    break;
                }

                crashes++;
                await history.VerifyAsync(disk.AfterPowerLoss(() => fate, count => keepDirectory ? count : 0), $"operation {at}, {fate}, directory {keepDirectory}");
            }
        }

        output.WriteLine($"{crashes} crashes simulated");
        Assert.True(crashes > 200, $"only {crashes} operations: the history no longer rolls segments and takes snapshots");
    }

    [Fact]
    public async Task PowerLoss_Drawn_AndDrawnAgainDuringRecovery_LosesNothingAcknowledged()
    {
        var crashes = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var disk = new SimulatedDisk { PowerLossAt = random.Next(1, 700) };
            var history = new WrittenHistory(seed);
            await history.RunAsync(disk, steps: random.Next(10, 120));
            for (var again = 0; again < 3; again++)
            {
                crashes++;
                disk = disk.AfterPowerLoss(() => (Fate)random.Next(5), count => random.Next(count + 1));
                disk.PowerLossAt = random.Next(1, 12);
                try
                {
                    await using var engine = SimulatedEngine.Open(disk);
                }
                catch (PowerLossException)
                {
                    continue;
                }
            }

            crashes++;
            await history.VerifyAsync(disk.AfterPowerLoss(() => (Fate)random.Next(5), count => random.Next(count + 1)), $"seed {seed}");
        }

        output.WriteLine($"{crashes} crashes simulated, seeds 0 to {Seeds - 1}");
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
