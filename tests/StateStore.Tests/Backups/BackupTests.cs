using System.Buffers.Binary;
using System.Text;
using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Log;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.StateStore.Tests.Backups;

/// <summary>A backup is of one moment, whole or refused; a restore is whole or nothing, and a new beginning for whoever watched.</summary>
public sealed class BackupTests(ITestOutputHelper output) : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset s_noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly BackupFile[] s_keys = [new("pki/ca.key", Encoding.UTF8.GetBytes("secret")), new("pki/sub/sa.key", Encoding.UTF8.GetBytes("more"))];
    private readonly TemporaryDirectory _directory = new();

    private string File => Path.Combine(_directory.Path, "cluster.backup");

    private string Target => Path.Combine(_directory.Path, "restored");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task ARestore_HasEveryObject_AMovedRevision_AndNoPast()
    {
        await using var store = await TemporaryStateEngine.OpenAsync();
        await WriteAsync(store.Engine, 3_000);
        var expected = (await DumpAsync(store.Engine), store.Engine.Revision);
        var saved = await SaveAsync(store.Engine);
        Assert.Equal((expected.Revision, 3_000L + 2, s_noon), (saved.Header.Revision, saved.Entries, saved.Header.TakenAt));
        Assert.Equal(new FileInfo(File).Length, saved.Bytes);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(File));

        var restored = StateBackup.Restore(File, Target, "state");

        Assert.Equal(saved with { Files = restored.Files }, restored);
        await using var engine = await OpenAsync();
        Assert.Equal(expected.Revision + StateBackup.RevisionJump, engine.Revision);
        Assert.Equal(engine.Revision, engine.CompactedRevision);
        Assert.Equal(expected.Item1, await DumpAsync(engine));
        Assert.Equal(StateReadOutcome.Compacted, (await engine.ListAsync(new StateRange("pods"), expected.Revision, 0, null, None)).Outcome);
        foreach (var seen in new[] { 1, expected.Revision, expected.Revision + 5_000, engine.Revision - 1 })
        {
            using var watch = engine.Watch(new StateRange("pods"), seen);
            Assert.Equal(StateReadOutcome.Compacted, (await watch.NextAsync(TimeSpan.Zero, None)).Outcome);
        }

        // And it goes on: an object keeps the revision that its writers know, the next write takes a new one.
        var old = (await engine.GetAsync(StateObjects.Pod("p00001"), None))!;
        var write = await engine.UpdateAsync(old.Key, StateObjects.Value("new"), old.Revision, None);
        Assert.Equal((StateOutcome.Committed, expected.Revision + StateBackup.RevisionJump + 1), (write.Outcome, write.Entry!.Revision));
        Assert.Equal("secret", await System.IO.File.ReadAllTextAsync(Path.Combine(Target, "pki/ca.key"), None));
        Assert.Equal("more", await System.IO.File.ReadAllTextAsync(Path.Combine(Target, "pki/sub/sa.key"), None));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(Path.Combine(Target, "pki/ca.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(Target));
    }

    [Fact]
    public async Task ABackupTakenAmidWrites_IsOfOneMoment()
    {
        await using var store = await TemporaryStateEngine.OpenAsync();
        using var stop = new CancellationTokenSource();

        // Each writer writes its pair in order, so at any one moment the first of a pair is at most one ahead of the second.
        var writers = Enumerable.Range(0, 4).Select(number => Task.Run(async () =>
        {
            var revisions = new long[2];
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                for (var half = 0; half < 2; half++)
                {
                    var key = StateObjects.Pod($"w{number}-{half}");
                    var write = i == 0 ? await store.Engine.CreateAsync(key, StateObjects.Value("0"), None)
                        : await store.Engine.UpdateAsync(key, StateObjects.Value($"{i}"), revisions[half], None);
                    revisions[half] = write.Entry!.Revision;
                }
            }
        })).ToList();
        var backups = 0;
        for (; backups < 20 || (store.Engine.Revision < 300 && backups < 10_000); backups++)
        {
            var acknowledged = store.Engine.Revision;
            var saved = await SaveAsync(store.Engine);
            Assert.True(saved.Header.Revision >= acknowledged);
            using var stream = System.IO.File.OpenRead(File);
            using var reader = new BackupReader(stream, File);
            var counts = reader.ReadEntries().ToDictionary(entry => entry.Key.Name, entry => int.Parse(entry.Text().Split('"')[^2], System.Globalization.CultureInfo.InvariantCulture));
            for (var number = 0; number < 4 && counts.Count == 8; number++)
            {
                Assert.InRange(counts[$"w{number}-0"] - counts[$"w{number}-1"], 0, 1);
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        output.Tell($"backups amid writes: {backups} amid {store.Engine.Revision:N0} writes, each of one moment");
    }

    [Fact]
    public async Task EveryFlippedByte_EveryTruncation_AndAnyForeignFile_IsRefused_AndNothingIsMade()
    {
        var bytes = await BackupBytesAsync();
        var (flips, cuts) = (0, 0);
        for (var at = 0; at < bytes.Length; at++)
        {
            var changed = bytes.ToArray();
            changed[at] ^= (byte)(1 << (at % 8));
            Assert.InRange(Refused(changed).Offset, 0, at);
            flips++;
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.InRange(Refused(bytes[..length]).Offset, 0, length);
            cuts++;
        }

        foreach (var foreign in new[] { [.. bytes, 0], Encoding.UTF8.GetBytes("kind: List\napiVersion: v1\nitems: []\n and some more text to fill a header"), [0x1f, 0x8b, .. bytes], new byte[500], [] })
        {
            Refused(foreign);
        }

        await System.IO.File.WriteAllBytesAsync(File, bytes[..^1], None);
        Assert.Throws<BackupDamagedException>(() => StateBackup.Restore(File, Target, "state"));
        Assert.Equal([File], Directory.GetFileSystemEntries(_directory.Path));
        output.Tell($"backups damaged: {flips:N0} flipped bytes and {cuts:N0} truncations refused");
    }

    [Fact]
    public async Task AVersionFromTheFuture_AndLengthsThatLie_AreRefused()
    {
        var bytes = await BackupBytesAsync();
        var future = bytes.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(future.AsSpan(8), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(future.AsSpan(BackupFormat.HeaderLength - 4), Crc.Of(0, future.AsSpan(0, BackupFormat.HeaderLength - 4)));
        Assert.Equal("the format version is 2; this program reads 1", Refused(future).Reason);
        foreach (var length in new[] { int.MaxValue, int.MinValue, -1, BackupFormat.MaxBlockLength, bytes.Length })
        {
            var lying = bytes.ToArray();
            BinaryPrimitives.WriteInt32LittleEndian(lying.AsSpan(BackupFormat.HeaderLength + 1), length);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Refused(lying);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("a//b")]
    public async Task AFileThatWouldLeaveTheDirectory_IsRefused(string name)
    {
        await using var store = await TemporaryStateEngine.OpenAsync();
        var refused = await Assert.ThrowsAsync<BackupDamagedException>(() => StateBackup.SaveAsync(
            File, stream => BackupWriter.WriteAsync(stream, store.Engine.Copy(), [new BackupFile(name, new byte[] { 1 })], s_noon, None), None));
        Assert.Contains("file's name", refused.Reason, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public async Task ADirectoryInUse_IsRefused_AnEmptyOneIsTaken_AndWhatACrashLeftIsReplaced()
    {
        var bytes = await BackupBytesAsync();
        await System.IO.File.WriteAllBytesAsync(File, bytes, None);
        Directory.CreateDirectory(Target);
        await System.IO.File.WriteAllTextAsync(Path.Combine(Target, "precious"), "1", None);
        var refused = Assert.Throws<StateStoreException>(() => StateBackup.Restore(File, Target, "state"));
        Assert.Contains("is not empty", refused.Message, StringComparison.Ordinal);
        Assert.Equal("1", await System.IO.File.ReadAllTextAsync(Path.Combine(Target, "precious"), None));

        System.IO.File.Delete(Path.Combine(Target, "precious"));

        // A restore that was killed: half a store beside the name, none under it.
        Directory.CreateDirectory(Target + ".partial/state");
        await System.IO.File.WriteAllTextAsync(Target + ".partial/state/0000000000000001.log", "half", None);
        StateBackup.Restore(File, Target, "state");
        await using var engine = await OpenAsync();
        Assert.True(engine.Revision > StateBackup.RevisionJump);
        Assert.False(Directory.Exists(Target + ".partial"));
    }

    [Fact]
    public async Task AFailedBackup_LeavesTheOldOne()
    {
        var bytes = await BackupBytesAsync();
        await System.IO.File.WriteAllBytesAsync(File, bytes, None);

        // The connection breaks amid the second.
        await Assert.ThrowsAsync<BackupDamagedException>(() => StateBackup.SaveAsync(File, stream => stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), None).AsTask(), None));
        await Assert.ThrowsAsync<IOException>(() => StateBackup.SaveAsync(File, _ => throw new IOException("gone"), None));
        Assert.Equal([File], Directory.GetFileSystemEntries(_directory.Path));
        Assert.Equal(bytes, await System.IO.File.ReadAllBytesAsync(File, None));
    }

    [Fact]
    public async Task RestoredTwice_TheStoresAreStrangers_AndEachMovesOn()
    {
        await System.IO.File.WriteAllBytesAsync(File, await BackupBytesAsync(), None);
        StateBackup.Restore(File, Target, "state");
        long first;
        await using (var engine = await OpenAsync())
        {
            first = engine.Revision;
            await SaveAsync(engine);
        }

        Directory.Delete(Target, recursive: true);
        StateBackup.Restore(File, Target, "state");
        await using var again = await OpenAsync();
        Assert.Equal(first + StateBackup.RevisionJump, again.Revision);
        Assert.NotEqual(StateBackup.Verify(File).Header.StoreId, again.Copy().StoreId);
    }

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? default : System.IO.File.GetUnixFileMode(path);

    private static async Task WriteAsync(EmbeddedStateEngine engine, int objects)
    {
        await Task.WhenAll(Enumerable.Range(0, objects).Select(i => engine.CreateAsync(StateObjects.Pod($"p{i:d5}", i % 2 == 0 ? "a" : "default"), StateObjects.Value(new string('x', i % 900)), None).AsTask()));
        await engine.CreateAsync(new StateKey("nodes", "", "n1"), StateObjects.Value("n"), None);
        await engine.CreateAsync(new StateKey("widgets.example.com", "a", "w1"), new StateValue(Encoding.UTF8.GetBytes("{}"), -1), None);
        var gone = (await engine.CreateAsync(StateObjects.Pod("gone"), StateObjects.Value("x"), None)).Entry!;
        await engine.DeleteAsync(gone.Key, gone.Revision, None);
    }

    private static async Task<string> DumpAsync(EmbeddedStateEngine engine)
    {
        var entries = new List<string>();
        foreach (var collection in new[] { "nodes", "pods", "widgets.example.com" })
        {
            var page = await engine.ListAsync(new StateRange(collection), 0, 0, null, None);
            entries.AddRange(page.Entries.Select(entry => $"{entry.Key} {entry.CreateRevision} {entry.Revision} {entry.Text()}"));
        }

        return string.Join('\n', entries);
    }

    private Task<BackupSummary> SaveAsync(EmbeddedStateEngine engine) =>
        StateBackup.SaveAsync(File, stream => BackupWriter.WriteAsync(stream, engine.Copy(), s_keys, s_noon, None), None);

    private Task<EmbeddedStateEngine> OpenAsync() =>
        EmbeddedStateEngine.OpenAsync(new StateStoreOptions { Directory = Path.Combine(Target, "state") }, NullLoggerFactory.Instance, TimeProvider.System, None);

    private static async Task<byte[]> BackupBytesAsync()
    {
        await using var engine = SimulatedEngine.Open(new SimulatedDisk());
        await WriteAsync(engine, 8);
        using var stream = new MemoryStream();
        await BackupWriter.WriteAsync(stream, engine.Copy(), s_keys, s_noon, None);
        return stream.ToArray();
    }

    private static BackupDamagedException Refused(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        var refused = Assert.Throws<BackupDamagedException>(() =>
        {
            using var reader = new BackupReader(stream, "damaged.backup");
            foreach (var _ in reader.ReadEntries())
            {
            }
        });
        Assert.StartsWith("The backup damaged.backup cannot be used: at offset ", refused.Message, StringComparison.Ordinal);
        return refused;
    }
}
