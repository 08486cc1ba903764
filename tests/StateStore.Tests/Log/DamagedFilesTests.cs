using System.Buffers.Binary;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Tests.Disks;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Log;

/// <summary>Damage is cut off where it can only be a torn last commit, and refused with file, offset and reason everywhere else. Never served.</summary>
public sealed class DamagedFilesTests(ITestOutputHelper output)
{
    private static readonly string First = LogFormat.SegmentName(1);

    [Fact]
    public async Task EveryFlippedByteOfALog_IsRefused_CutOff_OrWithoutEffect_AndNeverServed()
    {
        var (disk, states, ends) = await WriteLogAsync(commits: 12);
        var bytes = disk.File(First).Bytes;
        int refused = 0, cut = 0, harmless = 0;
        for (var at = 0; at < bytes.Length; at++)
        {
            var damaged = disk.Copy();
            damaged.File(First).Bytes[at] ^= (byte)(1 << (at % 8));
            try
            {
                await using var engine = SimulatedEngine.Open(damaged, OneSegment);
                Assert.True(at >= ends[^2], $"offset {at} lies before the last commit and was accepted");
                var expected = at < ends[^1] ? states[^2] : states[^1];
                Assert.Equal(expected, await SimulatedEngine.Dump(engine));
                Assert.True(at >= ends[^1] || damaged.List().Any(name => name.EndsWith(LogFormat.BrokenSuffix, StringComparison.Ordinal)), $"offset {at}: no copy was kept");
                _ = at < ends[^1] ? cut++ : harmless++;
            }
            catch (StateStoreCorruptException exception)
            {
                Assert.True(at < ends[^2], $"offset {at} lies in the last commit and was refused");
                Assert.Equal(First, exception.File);
                Assert.InRange(exception.Offset, 0, at);
                refused++;
            }
        }

        output.WriteLine($"{bytes.Length} flips: {refused} refused, {cut} cut off, {harmless} beyond the end");
        Assert.True(refused > 500 && cut > 50);
    }

    [Fact]
    public async Task EveryFlippedByteOfASnapshot_IsRefused()
    {
        var disk = new SimulatedDisk();
        await using (var engine = SimulatedEngine.Open(disk))
        {
            for (var i = 0; i < 12; i++)
            {
                await engine.CreateAsync(StateObjects.Pod($"p{i}"), StateObjects.Value(new string('x', 100)), CancellationToken.None);
            }
        }

        var snapshot = Assert.Single(disk.List(), name => name.EndsWith(".snapshot", StringComparison.Ordinal));
        var length = disk.File(snapshot).Bytes.Length;
        for (var at = 0; at < length; at++)
        {
            var damaged = disk.Copy();
            damaged.File(snapshot).Bytes[at] ^= (byte)(1 << (at % 8));
            Assert.Equal(snapshot, Assert.Throws<StateStoreCorruptException>(() => SimulatedEngine.Open(damaged)).File);
        }

        for (var shorter = 0; shorter < length; shorter++)
        {
            var damaged = disk.Copy();
            damaged.Place(snapshot, disk.File(snapshot).Bytes[..shorter]);
            Assert.Throws<StateStoreCorruptException>(() => SimulatedEngine.Open(damaged));
        }

        output.WriteLine($"{length} flips and {length} truncations refused");
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

    [Fact]
    public async Task LengthsAreNeverBelieved_BeyondTheFile()
    {
        var (disk, _, ends) = await WriteLogAsync(commits: 3);
        foreach (var length in new[] { int.MaxValue, int.MinValue, -1, 1 << 30, LogFormat.MaxBodyLength, 100_000 })
        {
            var damaged = disk.Copy();
            var bytes = damaged.File(First).Bytes;
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(ends[0] + 4), length);
            Assert.Throws<StateStoreCorruptException>(() => SimulatedEngine.Open(damaged, OneSegment));

            // Even where the frame's checksums are right, a record inside may lie.
            damaged = disk.Copy();
            bytes = damaged.File(First).Bytes;
            LogFormat.Decode(bytes, out var header);
            var frame = bytes.AsSpan(ends[0], ends[1] - ends[0]);
            BinaryPrimitives.WriteInt32LittleEndian(frame[LogFormat.FrameHeaderLength..], length);
            LogFormat.SealFrame(frame, 2, header.Crc, header.Crc);
            Assert.Contains("length", Assert.Throws<StateStoreCorruptException>(() => SimulatedEngine.Open(damaged, OneSegment)).Reason, StringComparison.Ordinal);
        }
    }

    public static TheoryData<string, string> Tables => new()
    {
        { "segment in the middle missing", "missing" },
        { "first segment missing", "missing" },
        { "last segments missing", "" },
        { "segment of another store", "another store" },
        { "segment renamed", "number" },
        { "version from the future", "version is 2" },
        { "no segment at all beside a snapshot", "the log ends before" },
        { "torn commit before the last segment", "" },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task DamagedDirectories_AreRefusedWithTheReason(string damage, string reason)
    {
        var options = new StateStoreOptions { Directory = "simulated", SegmentBytes = 400, ReserveBytes = 64, AllocationBytes = 64 };
        if (damage.Contains("snapshot", StringComparison.Ordinal))
        {
            options.SnapshotAfterLogBytes = 1_000;
        }

        var disk = new SimulatedDisk();
        await WriteAsync(disk, options, 12);
        var segments = disk.List().Where(name => LogFormat.TryParseSegmentName(name, out _)).Order(StringComparer.Ordinal).ToList();
        Assert.True(segments.Count > 3 || damage.Contains("snapshot", StringComparison.Ordinal));
        switch (damage)
        {
            case "segment in the middle missing":
                disk.Remove(segments[1]);
                break;
            case "first segment missing":
                disk.Remove(segments[0]);
                break;
            case "last segments missing":
                // Cannot be told from a log that ended there: the chain before it is whole.
                segments[^2..].ForEach(disk.Remove);
                await using (var engine = SimulatedEngine.Open(disk, options))
                {
                    Assert.True(engine.Revision < 13);
                }

                return;
            case "segment of another store":
                var other = new SimulatedDisk();
                await WriteAsync(other, options, 12);
                disk.Place(segments[1], other.File(segments[1]).Bytes);
                break;
            case "segment renamed":
                disk.Place(segments[1], disk.File(segments[2]).Bytes);
                break;
            case "version from the future":
                var header = disk.File(segments[0]).Bytes;
                BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), 2);
                BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(LogFormat.HeaderLength - 4), Crc.Of(0, header.AsSpan(0, LogFormat.HeaderLength - 4)));
                break;
            case "no segment at all beside a snapshot":
                segments.ForEach(disk.Remove);
                break;
            case "torn commit before the last segment":
                disk.Place(segments[1], disk.File(segments[1]).Bytes[..^10]);
                break;
            default:
                Assert.Fail($"no such damage: {damage}");
                break;
        }

        Assert.Contains(reason, Assert.Throws<StateStoreCorruptException>(() => SimulatedEngine.Open(disk, options)).Message, StringComparison.Ordinal);
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

    private static async Task WriteAsync(SimulatedDisk disk, StateStoreOptions options, int commits)
    {
        await using var engine = SimulatedEngine.Open(disk, options);
        for (var i = 0; i < commits; i++)
        {
            await engine.CreateAsync(StateObjects.Pod($"p{i:d2}"), StateObjects.Value(new string('x', 60)), CancellationToken.None);
        }
    }
}
