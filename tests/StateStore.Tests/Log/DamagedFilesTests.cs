using KubeAspire.StateStore.Log;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Log;

/// <summary>Damage is cut off where it can only be a torn last commit, and refused with file, offset and reason everywhere else. Never served.</summary>
public sealed class DamagedFilesTests(ITestOutputHelper output)
{
    private static readonly string First = LogFormat.SegmentName(1);

    [Fact]
    public async Task EverySnapshotCutShort_IsRefused()
    {
        var snapshot = await WrittenLog.WriteSnapshotAsync(seed: 1, bytes: 4_000);
        var length = snapshot.Bytes.Length;
        for (var shorter = 0; shorter < length; shorter++)
        {
            var damaged = snapshot.Disk.Copy();
            damaged.Place(snapshot.File, snapshot.Bytes[..shorter]);
            Assert.Throws<StateStoreCorruptException>(() => snapshot.Open(damaged));
        }

        output.Tell($"truncations of a snapshot: {length:N0} refused");
    }

    [Fact]
    public async Task ALogCutShort_OpensAtItsLastWholeCommit()
    {
        var (disk, states, ends) = await WriteLogAsync(commits: 6);
        var bytes = disk.File(First).Bytes;
        for (var length = 0; length < bytes.Length; length++)
        {
            var damaged = disk.Copy();
            damaged.Place(First, bytes[..length]);
            if (length < LogFormat.HeaderLength)
            {
                Assert.Throws<StateStoreCorruptException>(() => SimulatedEngine.Open(damaged, OneSegment));
                continue;
            }

            await using var engine = SimulatedEngine.Open(damaged, OneSegment);
            Assert.Equal(states[ends.FindLastIndex(end => end <= length)], await SimulatedEngine.Dump(engine));
        }
    }

    private static StateStoreOptions OneSegment { get; } = new() { Directory = "simulated", ReserveBytes = 64, AllocationBytes = 64 };

    // The states after each commit, and where in the file each ends; the first of both is the empty store.
    private static async Task<(SimulatedDisk Disk, List<string> States, List<int> Ends)> WriteLogAsync(int commits)
    {
        var disk = new SimulatedDisk();
        await using var engine = SimulatedEngine.Open(disk, OneSegment);
        List<string> states = [""];
        List<int> ends = [LogFormat.HeaderLength];
        for (var i = 0; i < commits; i++)
        {
            await engine.CreateAsync(StateObjects.Pod($"p{i:d2}"), StateObjects.Value(new string('x', 10 + i)), CancellationToken.None);
            states.Add(await SimulatedEngine.Dump(engine));
            ends.Add(disk.File(First).Bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1);
        }

        return (disk, states, ends);
    }
}
