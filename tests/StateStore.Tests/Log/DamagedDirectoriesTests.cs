using System.Buffers.Binary;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Log;

/// <summary>Each way in which a directory can be wrong, and what comes of it: refused with a reason, or opened at a state that was once whole.</summary>
public sealed class DamagedDirectoriesTests(ITestOutputHelper output)
{
    private const int Commits = 14;
    private static readonly StateStoreOptions s_segments = new() { Directory = "simulated", SegmentBytes = 400, ReserveBytes = 64, AllocationBytes = 64 };
    private static readonly StateStoreOptions s_snapshots = new() { Directory = "simulated", SegmentBytes = 400, ReserveBytes = 64, AllocationBytes = 64, SnapshotAfterLogBytes = 1_500 };

    /// <summary>What is done to a log of several segments, and what comes of it.</summary>
    private static readonly (string Case, Action<Damage> Do, string Outcome)[] s_logs =
    [
        ("nothing", _ => { }, "whole"),
        ("segment in the middle missing", on => on.Remove(1), "segment 2 is missing"),
        ("first segment missing", on => on.Remove(0), "a segment before it is missing"),
        ("two in the middle missing", on => on.Remove(1, 2), "segment 2 is missing"),
        ("newest segment missing", on => on.Remove(^1), "earlier"),
        ("two newest segments missing", on => on.Remove(^1, ^2), "earlier"),
        ("all segments missing", on => on.Segments.ForEach(on.Disk.Remove), "empty"),
        ("first segment of another store", on => on.Place(0, on.Other(0)), "another store"),
        ("middle segment of another store", on => on.Place(1, on.Other(1)), "another store"),
        ("newest segment of another store", on => on.Place(^1, on.Other(^1)), "another store"),
        ("segment over the next one", on => on.Place(1, on.Bytes(0)), "it is number 1"),
        ("two segments swapped", on => on.Swap(1, 2), "it is number 3"),
        ("a segment once more under the next number", on => on.Disk.Place(LogFormat.SegmentName(on.Segments.Count + 1), on.Bytes(^1)), "no frame begins here"),
        ("a segment number left out at the end", on => on.Disk.Place(LogFormat.SegmentName(on.Segments.Count + 2), on.Bytes(^1)), "no frame begins here"),
        ("version from the future", on => on.Version(0, 2), "version is 2"),
        ("version from the future in the newest", on => on.Version(^1, 7), "version is 7"),
        ("version zero", on => on.Version(1, 0), "version is 0"),
        ("magic overwritten", on => on.Change(1, bytes => bytes[0] ^= 1), "no log segment"),
        ("header checksum wrong", on => on.Change(1, bytes => bytes[30] ^= 1), "header has a wrong checksum"),
        ("header zeroed", on => on.Change(^1, bytes => bytes.AsSpan(0, LogFormat.HeaderLength).Clear()), "no log segment"),
        ("newest header cut short", on => on.Place(^1, on.Bytes(^1)[..40]), "header is cut short"),
        ("newest segment empty", on => on.Place(^1, []), "header is cut short"),
        ("first segment empty", on => on.Place(0, []), "header is cut short"),
        ("middle segment cut amid a commit", on => on.Place(1, on.Bytes(1)[..^10]), "ends beyond the file"),
        ("middle segment cut after a commit", on => on.Place(1, on.Bytes(1)[..on.Frames(1)[^1].At]), "does not follow upon segment 2"),
        ("middle segment cut to its header", on => on.Place(1, on.Bytes(1)[..LogFormat.HeaderLength]), "does not follow upon segment 2"),
        ("zeros after a middle segment", on => on.Place(1, [.. on.Bytes(1), .. new byte[64]]), "no frame begins here"),
        ("garbage after a middle segment", on => on.Place(1, [.. on.Bytes(1), .. Garbage(64)]), "no frame begins here"),
        ("newest segment cut amid its last commit", on => on.Place(^1, on.Used(^1)[..^3]), "earlier"),
        ("newest segment cut to its header", on => on.Place(^1, on.Bytes(^1)[..LogFormat.HeaderLength]), "earlier"),
        ("zeros after the newest segment", on => on.Place(^1, [.. on.Used(^1), .. new byte[100_000]]), "whole"),
        ("garbage after the newest segment", on => on.Place(^1, [.. on.Used(^1), .. Garbage(300)]), "whole, copy kept"),
        ("garbage after zeros", on => on.Place(^1, [.. on.Used(^1), .. new byte[700], .. Garbage(300)]), "whole, copy kept"),
        ("last commit twice", on => on.Place(^1, [.. on.Used(^1), .. on.Frame(^1, ^1)]), "whole, copy kept"),
        ("a commit of another segment at the end", on => on.Place(^1, [.. on.Used(^1), .. on.Frame(0, 0)]), "whole, copy kept"),
        ("first of two commits zeroed", on => on.Change(0, bytes => bytes.AsSpan(on.Frames(0)[0].At, on.Frames(0)[0].Length).Clear()), "no frame begins here"),
        ("a commit taken out", on => on.Place(0, on.Without(0, 0)), "wrong checksum"),
        ("a commit twice amid the log", on => on.Place(0, [.. on.Bytes(0)[..on.Frames(0)[1].At], .. on.Frame(0, 0), .. on.Bytes(0)[on.Frames(0)[1].At..]]), "wrong checksum"),
        ("unknown kind of record", on => on.Seal(^1, ^1, frame => frame[LogFormat.FrameHeaderLength + sizeof(int)] = 9), "unknown kind 9"),
        ("delete of what is not there", on => on.Seal(^1, ^1, frame => frame[LogFormat.FrameHeaderLength + sizeof(int)] = (byte)RecordKind.Delete), "which is not there"),
        ("record without length", on => on.Seal(^1, ^1, frame => frame.AsSpan(LogFormat.FrameHeaderLength, sizeof(int)).Clear()), "length is wrong"),
        ("commit of a later revision", on => on.Seal(^1, ^1, _ => { }, revisionMore: 1), "should follow"),
        ("unfinished segment", on => on.Disk.Place(LogFormat.SegmentName(99) + LogFormat.TemporarySuffix, Garbage(64)), "whole"),
        ("file of somebody else", on => on.Disk.Place("notes.txt", Garbage(64)), "whole"),
        ("name that is nearly a segment's", on => on.Disk.Place("17.log", Garbage(64)), "whole"),
        ("segment number zero", on => on.Disk.Place(LogFormat.SegmentName(0), Garbage(64)), "whole"),
        ("copy of an earlier torn end", on => on.Disk.Place(on.Segments[0] + ".120" + LogFormat.BrokenSuffix, Garbage(64)), "whole"),
    ];

    /// <summary>What is done to a snapshot with segments after it, and what comes of it.</summary>
    private static readonly (string Case, Action<Damage> Do, string Outcome)[] s_withSnapshot =
    [
        ("nothing", _ => { }, "whole"),
        ("snapshot missing", on => on.Disk.Remove(on.Snapshot), "a segment before it is missing"),
        ("snapshot cut", on => on.Disk.Place(on.Snapshot, on.SnapshotBytes[..^5]), "cut short"),
        ("snapshot empty", on => on.Disk.Place(on.Snapshot, []), "header is cut short"),
        ("bytes after the snapshot's end", on => on.Disk.Place(on.Snapshot, [.. on.SnapshotBytes, 0]), "does not fit"),
        ("snapshot of another store", on => on.Disk.Place(on.Snapshot, on.OtherSnapshot), "another store"),
        ("snapshot under a later revision's name", on => on.Disk.Place(SnapshotFormat.NameOf(999), on.SnapshotBytes), "the snapshot is of revision"),
        ("snapshot of a version from the future", on => on.SnapshotVersion(2), "version is 2"),
        ("segment instead of the snapshot", on => on.Disk.Place(on.Snapshot, on.Bytes(^1)), "no snapshot"),
        ("newer snapshot damaged, older whole", on => on.Disk.Place(SnapshotFormat.NameOf(900), Garbage(500)), "no snapshot"),
        ("older snapshot damaged, newer whole", on => on.Disk.Place(SnapshotFormat.NameOf(2), Garbage(500)), "whole"),
        ("unfinished snapshot", on => on.Disk.Place(SnapshotFormat.NameOf(900) + LogFormat.TemporarySuffix, Garbage(500)), "whole"),
        ("no segment beside it", on => on.Segments.ForEach(on.Disk.Remove), "the log ends before this snapshot"),
        ("only the newest segment beside it", on => on.Segments.SkipLast(1).ToList().ForEach(on.Disk.Remove), "are known"),
        ("newest segment missing", on => on.Remove(^1), "earlier"),
    ];

    [Fact]
    public async Task EveryDamage_HasItsOutcome()
    {
        List<string> wrong = [];
        foreach (var (options, cases) in new[] { (s_segments, s_logs), (s_snapshots, s_withSnapshot) })
        {
            foreach (var (name, damage, outcome) in cases)
            {
                var on = await Damage.PrepareAsync(options);
                damage(on);
                var actual = await OpenAsync(on, options);
                if (!actual.Contains(outcome, StringComparison.Ordinal))
                {
                    wrong.Add($"{name}: {actual}; expected {outcome}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        output.Tell($"damaged directories: {s_logs.Length + s_withSnapshot.Length} kinds, each with its outcome");
    }

    private static async Task<string> OpenAsync(Damage on, StateStoreOptions options)
    {
        var before = on.Disk.List().ToHashSet();
        try
        {
            await using var engine = SimulatedEngine.Open(on.Disk, options);
            var dump = await SimulatedEngine.Dump(engine);
            var at = on.States.IndexOf(dump);
            var kept = on.Disk.List().Any(name => name.EndsWith(LogFormat.BrokenSuffix, StringComparison.Ordinal) && !before.Contains(name)) ? ", copy kept" : "";
            Assert.Equal(EmbeddedStateEngine.FirstRevision + Math.Max(at, 0), engine.Revision);
            return at < 0 ? "a state that never was" : (at == Commits ? "whole" : at == 0 ? "empty" : "earlier") + kept;
        }
        catch (StateStoreCorruptException refused)
        {
            // What is refused is left as it was found.
            Assert.Equal(before.Order(), on.Disk.List().Order());
            return $"refused: {refused.File} at {refused.Offset}: {refused.Reason}";
        }
    }

    private static byte[] Garbage(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private sealed record Damage(SimulatedDisk Disk, List<string> Segments, List<string> States, SimulatedDisk Elsewhere)
    {
        public string Snapshot => Disk.List().Single(name => SnapshotFormat.TryParseName(name, out _));

        public byte[] SnapshotBytes => Disk.File(Snapshot).Bytes;

        public byte[] OtherSnapshot => Elsewhere.File(Elsewhere.List().Single(name => SnapshotFormat.TryParseName(name, out _))).Bytes;

        public static async Task<Damage> PrepareAsync(StateStoreOptions options)
        {
            var (disk, other) = (new SimulatedDisk(), new SimulatedDisk());
            var states = await WriteAsync(disk, options);
            await WriteAsync(other, options);
            var segments = SegmentsOf(disk);
            Assert.True(segments.Count > (options == s_segments ? 4 : 1), $"only {segments.Count} segments");
            return new Damage(disk, segments, states, other);
        }

        public byte[] Bytes(Index segment) => Disk.File(Segments[segment]).Bytes;

        /// <summary>A segment without the zeros of blocks taken ahead.</summary>
        public byte[] Used(Index segment) => Bytes(segment)[..(Frames(segment)[^1] is var last ? last.At + last.Length : 0)];

        public byte[] Other(Index segment) => Elsewhere.File(SegmentsOf(Elsewhere)[segment]).Bytes;

        public void Place(Index segment, byte[] bytes) => Disk.Place(Segments[segment], [.. bytes]);

        public void Remove(params Index[] segments) => segments.Select(segment => Segments[segment]).ToList().ForEach(Disk.Remove);

        public void Change(Index segment, Action<byte[]> change) => change(Bytes(segment));

        public void Swap(Index one, Index two)
        {
            byte[] first = [.. Bytes(one)];
            Place(one, Bytes(two));
            Place(two, first);
        }

        /// <summary>Where the commits of a segment stand.</summary>
        public List<(int At, int Length)> Frames(Index segment)
        {
            var bytes = Bytes(segment);
            LogFormat.Decode(bytes, out var header);
            List<(int, int)> frames = [];
            for (var at = LogFormat.HeaderLength; LogFormat.TryReadFrameHeader(bytes.AsSpan(at), header.Crc, out var body, out _); at += LogFormat.FrameHeaderLength + body)
            {
                frames.Add((at, LogFormat.FrameHeaderLength + body));
            }

            return frames;
        }

        public byte[] Frame(Index segment, Index frame) => Frames(segment)[frame] is var (at, length) ? Bytes(segment)[at..(at + length)] : [];

        public byte[] Without(Index segment, Index frame) => Frames(segment)[frame] is var (at, length) ? [.. Bytes(segment)[..at], .. Bytes(segment)[(at + length)..]] : [];

        /// <summary>Changes the last commit of a segment and makes its checksums right again.</summary>
        public void Seal(Index segment, Index frame, Action<byte[]> change, long revisionMore = 0)
        {
            var bytes = Bytes(segment);
            LogFormat.Decode(bytes, out var header);
            var (at, length) = Frames(segment)[frame];
            var chain = header.Crc;
            foreach (var (before, size) in Frames(segment).TakeWhile(one => one.At < at))
            {
                LogFormat.Verify(bytes.AsSpan(before, size), chain, out chain);
            }

            var changed = bytes[at..(at + length)];
            change(changed);
            LogFormat.SealFrame(changed, BinaryPrimitives.ReadInt64LittleEndian(changed.AsSpan(8)) + revisionMore, header.Crc, chain);
            changed.CopyTo(bytes, at);
        }

        public void Version(Index segment, int version)
        {
            var bytes = Bytes(segment);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), version);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(LogFormat.HeaderLength - 4), Crc.Of(0, bytes.AsSpan(0, LogFormat.HeaderLength - 4)));
        }

        public void SnapshotVersion(int version)
        {
            var bytes = SnapshotBytes;
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), version);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(36), Crc.Of(0, bytes.AsSpan(0, 36)));
        }

        private static List<string> SegmentsOf(SimulatedDisk disk) =>
            [.. disk.List().Where(name => LogFormat.TryParseSegmentName(name, out _)).Order(StringComparer.Ordinal)];

        private static async Task<List<string>> WriteAsync(SimulatedDisk disk, StateStoreOptions options)
        {
            await using var engine = SimulatedEngine.Open(disk, options);
            List<string> states = [""];
            for (var i = 0; i < Commits; i++)
            {
                await engine.CreateAsync(StateObjects.Pod($"p{i:d2}"), StateObjects.Value(new string('x', 60)), CancellationToken.None);
                states.Add(await SimulatedEngine.Dump(engine));
            }

            return states;
        }
    }
}
