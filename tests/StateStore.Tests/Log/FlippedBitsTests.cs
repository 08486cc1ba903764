using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Log;

/// <summary>Every byte of a log of 64 KiB, one bit flipped: refused with file and offset, or, in the last commit, cut off like a torn one. Never served.</summary>
public sealed class FlippedLogTests(ITestOutputHelper output)
{
    [Fact]
    public async Task EveryByteOfALog_Flipped_IsNeverServed()
    {
        var log = await WrittenLog.WriteAsync(seed: 1, commits: 60, valueBytes: 2_000);
        var count = default(FlipCount);
        var length = Math.Min(log.Bytes.Length, 64 << 10);
        for (var at = log.Bytes.Length - length; at < log.Bytes.Length; at++)
        {
            count += await FlipDrill.FlipAsync(log, at, at % 8);
        }

        for (var at = 0; at < log.Bytes.Length - length; at += 7)
        {
            count += await FlipDrill.FlipAsync(log, at, at % 8);
        }

        output.Tell($"flipped bits in a log: {count.Total:N0}: {count.Refused:N0} refused, {count.CutOff:N0} cut off like a torn end, {count.Beyond:N0} beyond the end; 0 served");
        Assert.True(length == 64 << 10 && count.CutOff > 500, $"{length} bytes");
    }
}

/// <summary>Every byte of a snapshot of 64 KiB, one bit flipped: refused.</summary>
public sealed class FlippedSnapshotTests(ITestOutputHelper output)
{
    [Fact]
    public async Task EveryByteOfASnapshot_Flipped_IsRefused()
    {
        var snapshot = await WrittenLog.WriteSnapshotAsync(seed: 1, bytes: 68 << 10);
        var count = default(FlipCount);
        for (var at = 0; at < snapshot.Bytes.Length; at++)
        {
            count += FlipDrill.FlipSnapshot(snapshot, at, at % 8);
        }

        output.Tell($"flipped bits in a snapshot: {count.Total:N0}: {count.Refused:N0} refused; 0 served");
        Assert.True(count.Total >= 64 << 10, $"only {count.Total} bytes");
    }
}
