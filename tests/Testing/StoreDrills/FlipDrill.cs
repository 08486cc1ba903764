using KubeAspire.StateStore;
using KubeAspire.StateStore.Log;
using Xunit;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>What came of flipped bits.</summary>
/// <param name="Refused">The store did not open, and said where and why.</param>
/// <param name="CutOff">The last commit, which nothing tells from a torn one, was cut off, and a copy kept.</param>
/// <param name="Beyond">The flip lay in the zeros after the last commit.</param>
internal readonly record struct FlipCount(int Refused, int CutOff, int Beyond)
{
    public int Total => Refused + CutOff + Beyond;

    public static FlipCount operator +(FlipCount left, FlipCount right) =>
        new(left.Refused + right.Refused, left.CutOff + right.CutOff, left.Beyond + right.Beyond);
}

/// <summary>Rot: bits of a log or a snapshot flip, and no wrong byte is ever served.</summary>
internal static class FlipDrill
{
    /// <summary>Flips one bit of one byte of a log, and puts it back.</summary>
    public static async Task<FlipCount> FlipAsync(WrittenLog log, int at, int bit)
    {
        // Only an open that succeeds changes anything on the disk.
        var mayOpen = at >= log.Ends[^2];
        var disk = mayOpen ? log.Disk.Copy() : log.Disk;
        var bytes = disk.File(log.File).Bytes;
        bytes[at] ^= (byte)(1 << bit);
        try
        {
            await using var engine = log.Open(disk);
            Assert.True(mayOpen, $"bit {bit} at {at} lies before the last commit and was accepted");
            var inLast = at < log.Ends[^1];
            Assert.True((inLast ? log.States[^2] : log.States[^1]) == await SimulatedEngine.Dump(engine), $"bit {bit} at {at}: wrong state");
            Assert.True(!inLast || disk.List().Any(name => name.EndsWith(LogFormat.BrokenSuffix, StringComparison.Ordinal)), $"bit {bit} at {at}: no copy was kept");
            return inLast ? new FlipCount(0, 1, 0) : new FlipCount(0, 0, 1);
        }
        catch (StateStoreCorruptException refused)
        {
            Assert.True(!mayOpen, $"bit {bit} at {at} lies in the last commit and was refused");
            Assert.Equal(log.File, refused.File);
            Assert.InRange(refused.Offset, 0, at);
            return new FlipCount(1, 0, 0);
        }
        finally
        {
            if (!mayOpen)
            {
                bytes[at] ^= (byte)(1 << bit);
            }
        }
    }

    /// <summary>Flips one bit of one byte of a snapshot, and puts it back: always refused.</summary>
    public static FlipCount FlipSnapshot(WrittenLog snapshot, int at, int bit)
    {
        var bytes = snapshot.Bytes;
        bytes[at] ^= (byte)(1 << bit);
        try
        {
            var refused = Assert.Throws<StateStoreCorruptException>(() => snapshot.Open(snapshot.Disk));
            Assert.Equal(snapshot.File, refused.File);
            Assert.InRange(refused.Offset, 0, at);
            return new FlipCount(1, 0, 0);
        }
        finally
        {
            bytes[at] ^= (byte)(1 << bit);
        }
    }
}
