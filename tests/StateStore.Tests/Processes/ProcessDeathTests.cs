using KubeAspire.Testing;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Processes;

/// <summary>Real processes that are killed, whose syncs fail, whose disk is full.</summary>
public sealed class ProcessDeathTests(ITestOutputHelper output)
{
    private const int Kills = 20;
    private const int FailingSyncs = 8;
    private const int MostCalls = 6;
    private static readonly TimeSpan s_readyWithin = TimeSpan.FromSeconds(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task KilledAtAnyMoment_UnderEightWriters_NothingAcknowledgedIsLost_AndNothingElseAppears()
    {
        using var directory = new TemporaryDirectory();
        var drill = new KillDrill(directory.Path, seed: 1);
        for (var i = 0; i < Kills; i++)
        {
            await drill.KillOnceAsync(TimeSpan.FromMilliseconds(200), Stop);
        }

        await drill.VerifyLastAsync(Stop);
        var slowest = drill.ReadyAfter.Max();
        output.Tell($"kill -9: {Kills}, {drill.InFlight} of them with calls in flight, {drill.Acknowledged} acknowledged writes: 0 lost, 0 that nobody wrote; ready again after {slowest.TotalMilliseconds:f0} ms at most");
        Assert.True(drill.Acknowledged > 200 && drill.InFlight > Kills / 2, $"too little happened: {drill.Acknowledged} writes, {drill.InFlight} in flight");
        Assert.True(drill.ReadyAfter.Order().ElementAt(Kills / 2) < s_readyWithin, $"half of the starts took longer than {s_readyWithin.TotalSeconds} s, the slowest {slowest.TotalSeconds} s");
    }

    [Fact]
    public async Task WhenARealSyncFails_TheProcessEndsWithinASecond_WithoutAnAcknowledgement()
    {
        if (await SystemTools.WhyNotAsync("strace") is { } whyNot)
        {
            Assert.Skip(whyNot);
        }

        var (acknowledged, unopened) = (0, 0);
        for (var n = 1; n <= FailingSyncs; n++)
        {
            using var directory = new TemporaryDirectory();
            var count = await FailingSyncDrill.RunAsync(directory.Path, n, Stop);
            (acknowledged, unopened) = count < 0 ? (acknowledged, unopened + 1) : (acknowledged + count, unopened);
        }

        output.Tell($"failing syncs of the kernel: {FailingSyncs}: the process ended each time; {acknowledged} writes acknowledged before, 0 lost");
        Assert.True(acknowledged > 0);
    }

    [Fact]
    public async Task ARestoreKilledAtAnyCall_LeavesNothing_OrEverything()
    {
        if (await SystemTools.WhyNotAsync("strace") is { } whyNot)
        {
            Assert.Skip(whyNot);
        }

        var killed = 0;
        foreach (var call in KilledRestoreDrill.Calls)
        {
            // The runtime makes some of these before the restore begins.
            for (var n = 1; n <= MostCalls; n++)
            {
                using var directory = new TemporaryDirectory();
                if (!await KilledRestoreDrill.RunAsync(directory.Path, call, n, Stop))
                {
                    break;
                }

                killed++;
            }
        }

        output.Tell($"restores killed: {killed}, each at another system call: nothing there, or everything");
        Assert.True(killed > 8, $"only {killed} system calls");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task AFullRealDisk_RefusesWrites_LetsDeletesThrough_AndRecoversWithoutARestart(int mebibytes)
    {
        var (refused, whyNot) = await FullDiskDrill.RunAsync(mebibytes, Stop);
        if (whyNot is not null)
        {
            Assert.Skip(whyNot);
        }

        output.Tell($"full disk of {mebibytes} MiB: {refused} writes refused");
        Assert.True(refused > 0);
    }
}
