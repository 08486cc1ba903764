using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Log;

public sealed class LyingLengthsTests(ITestOutputHelper output)
{
    private const int Lies = 25_000;

    [Fact]
    public async Task LengthsInALog_AreNeverBelieved_BeyondWhatIsThere()
    {
        var log = await WrittenLog.WriteAsync(seed: 3, commits: 4, valueBytes: 200);
        var refused = 0;
        for (var seed = 0; seed < Lies; seed++)
        {
            refused += await LengthDrill.LieInLogAsync(log, seed) ? 1 : 0;
        }

        output.Tell($"lengths that lie in a log: {Lies:N0}: {refused:N0} refused, the rest harmless");
        Assert.True(refused > Lies / 2);
    }

    [Fact]
    public async Task LengthsInASnapshot_AreNeverBelieved_BeyondWhatIsThere()
    {
        var snapshot = await WrittenLog.WriteSnapshotAsync(seed: 3, bytes: 3_000);
        var refused = 0;
        for (var seed = 0; seed < Lies; seed++)
        {
            refused += await LengthDrill.LieInSnapshotAsync(snapshot, seed) ? 1 : 0;
        }

        output.Tell($"lengths that lie in a snapshot: {Lies:N0}: {refused:N0} refused, the rest harmless");
        Assert.True(refused > Lies / 2);
    }
}
