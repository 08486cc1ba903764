using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Log;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Disks;

/// <summary>A disk that fails, a disk that is full, a directory that is taken.</summary>
public sealed class FailingDiskTests(ITestOutputHelper output)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task AnErrorAtEveryOperation_IsNeverFollowedByAWrongAcknowledgement(bool noSpace, bool lasts)
    {
        var (failed, stopped, refused) = (0, 0, 0);
        for (var at = 1; ; at++)
        {
            var disk = new SimulatedDisk { ErrorAt = at, ErrorIsNoSpace = noSpace, ErrorLasts = lasts };
            var stops = new List<string>();
            EmbeddedStateEngine engine;
            try
            {
                engine = SimulatedEngine.Open(disk, stops: stops);
            }
            catch (IOException exception)
            {
                // Nothing was promised yet; whatever is left opens.
                Assert.IsNotType<StateStoreCorruptException>(exception);
                failed++;
                await using var opened = SimulatedEngine.Open(disk.AfterPowerLoss(() => Fate.Keep, count => count));
                continue;
            }

            var written = await WriteAsync(engine, stops, $"operation {at}");
            var expected = stops.Count == 0 ? await SimulatedEngine.Dump(engine) : null;
            refused += written.Refused;
            await engine.DisposeAsync();
            await using var reopened = SimulatedEngine.Open(disk.AfterPowerLoss(() => Fate.Drop, _ => 0));
            var dump = await SimulatedEngine.Dump(reopened);
            Assert.True(expected is null || expected == dump, $"operation {at}: what was served is not what remains");
            Assert.All(written.Stored, pair => Assert.Contains($"{pair.Key} ", dump, StringComparison.Ordinal));

            stopped += stops.Count;
            if (disk.Operations < at)
            {
                break;
            }

            failed++;
        }

        output.Tell($"failing operations: {failed} failed with {(noSpace ? "ENOSPC" : "EIO")}{(lasts ? " from there on" : "")}: {stopped} stopped the process, {refused} writes were refused");
        Assert.True(noSpace ? stopped > 10 && refused > 10 : stopped > 40, $"only {stopped} stops, {refused} refusals");
    }

    [Fact]
    public async Task AReadErrorAtEveryOperationOfRecovery_RefusesTheStart_AndTouchesNothing()
    {
        var disk = new SimulatedDisk();
        await new WrittenHistory(seed: 5).RunAsync(disk, steps: 20);
        var torn = disk.Copy();
        var last = torn.List().Where(name => LogFormat.TryParseSegmentName(name, out _)).Max()!;
        var used = torn.File(last).Bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        torn.Place(last, torn.File(last).Bytes[..(used - 2)]);
        var failed = 0;
        foreach (var prepared in new[] { disk.Copy(), torn })
        {
            string expected;
            await using (var engine = SimulatedEngine.Open(prepared.Copy()))
            {
                expected = await SimulatedEngine.Dump(engine);
            }

            for (var at = 1; ; at++)
            {
                var tried = prepared.Copy();
                tried.ReadErrorAt = at;
                try
                {
                    await using var engine = SimulatedEngine.Open(tried);
                    Assert.True(tried.Reads < at, $"read {at} failed and the store opened");
                    Assert.Equal(expected, await SimulatedEngine.Dump(engine));
                    break;
                }
                catch (IOException exception)
                {
                    Assert.IsNotType<StateStoreCorruptException>(exception);
                    failed++;
                }

                await using var reopened = SimulatedEngine.Open(tried.Copy());
                Assert.Equal(expected, await SimulatedEngine.Dump(reopened));
            }
        }

        output.Tell($"failing reads of a recovery: {failed}: each refused the start, none cost anything");
        Assert.True(failed > 10);
    }

    [Fact]
    public async Task AnErrorAtEveryOperationOfACut_CostsNothing()
    {
        var log = await WrittenLog.WriteAsync(seed: 6, commits: 5, valueBytes: 100);
        log.Disk.Place(log.File, log.Bytes[..(log.Ends[^1] - 2)]);
        foreach (var noSpace in new[] { false, true })
        {
            for (var at = 1; ; at++)
            {
                var disk = log.Disk.Copy();
                (disk.ErrorAt, disk.ErrorIsNoSpace) = (at, noSpace);
                try
                {
                    await using var engine = log.Open(disk);
                    Assert.Equal(log.States[^2], await SimulatedEngine.Dump(engine));
                    if (disk.Operations < at)
                    {
                        Assert.True(at > 4);
                        break;
                    }

                    // A full disk costs the copy of the torn end, not the start.
                    Assert.True(noSpace, $"operation {at} failed and the store opened");
                }
                catch (IOException)
                {
                    Assert.True(disk.Operations <= at);
                }

                await using var reopened = log.Open(disk.AfterPowerLoss(() => Fate.Keep, count => count));
                Assert.Equal(log.States[^2], await SimulatedEngine.Dump(reopened));
            }
        }
    }

    [Fact]
    public async Task AFullDisk_RefusesWrites_LetsDeletesThrough_AndRecoversWithoutARestart()
    {
        var options = new StateStoreOptions { Directory = "simulated", ReserveBytes = 2_000, AllocationBytes = 500 };
        var disk = new SimulatedDisk { Capacity = 6_000 };
        await using var engine = SimulatedEngine.Open(disk, options);
        List<StateEntry> stored = [];
        StateWrite write;
        while ((write = await engine.CreateAsync(StateObjects.Pod($"p{stored.Count:d3}"), StateObjects.Value(new string('x', 100)), None)).Outcome == StateOutcome.Committed)
        {
            stored.Add(write.Entry!);
        }

        Assert.Equal(new StateWrite(StateOutcome.NoSpace, null), write);
        var revision = engine.Revision;
        Assert.Equal(StateOutcome.NoSpace, (await engine.UpdateAsync(stored[0].Key, StateObjects.Value(new string('y', 100)), stored[0].Revision, None)).Outcome);
        Assert.Equal(StateOutcome.Exists, (await engine.CreateAsync(stored[0].Key, StateObjects.Value("y"), None)).Outcome);
        Assert.Equal(revision, engine.Revision);

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(StateOutcome.Committed, (await engine.DeleteAsync(stored[i].Key, stored[i].Revision, None)).Outcome);
        }

        Assert.Equal(StateOutcome.NoSpace, (await engine.CreateAsync(StateObjects.Pod("more"), StateObjects.Value("x"), None)).Outcome);
        Assert.Equal(stored.Count - 10, (await engine.ListAsync(new StateRange("pods"), 0, 0, null, None)).Entries.Count);
        using var watch = engine.Watch(new StateRange("pods"), revision);
        Assert.Equal(10, (await watch.NextAsync(TimeSpan.Zero, None)).Events.Count);

        disk.Capacity = 20_000;
        Assert.Equal(StateOutcome.Committed, (await engine.CreateAsync(StateObjects.Pod("more"), StateObjects.Value("x"), None)).Outcome);
        var expected = await SimulatedEngine.Dump(engine);
        await engine.DisposeAsync();
        await using var reopened = SimulatedEngine.Open(disk.AfterPowerLoss(() => Fate.Drop, _ => 0), options);
        Assert.Equal(expected, await SimulatedEngine.Dump(reopened));
    }

    [Fact]
    public async Task AFullDisk_PutsOffSegmentsAndSnapshots_AndLosesNothing()
    {
        for (var capacity = 1_000; capacity < 6_000; capacity += 97)
        {
            var disk = new SimulatedDisk { Capacity = capacity };
            var stops = new List<string>();
            EmbeddedStateEngine engine = SimulatedEngine.Open(disk, stops: stops);
            for (var i = 0; i < 60; i++)
            {
                var key = StateObjects.Pod($"p{i % 7}");
                var now = await engine.GetAsync(key, None);
                _ = now is null ? await engine.CreateAsync(key, StateObjects.Value(new string('x', 80)), None)
                    : i % 3 == 0 ? await engine.DeleteAsync(key, now.Revision, None)
                    : await engine.UpdateAsync(key, StateObjects.Value("y"), now.Revision, None);
            }

            Assert.Empty(stops);
            var expected = (engine.Revision, await SimulatedEngine.Dump(engine));
            await engine.DisposeAsync();
            await using var reopened = SimulatedEngine.Open(disk.AfterPowerLoss(() => Fate.Drop, _ => 0));
            Assert.Equal(expected, (reopened.Revision, await SimulatedEngine.Dump(reopened)));
        }
    }

    [Fact]
    public async Task ADirectoryInUse_IsRefused_NamingTheOwner_AndIsFreeAfterwards()
    {
        await using var store = await TemporaryStateEngine.OpenAsync();
        var options = new StateStoreOptions { Directory = store.Directory };
        var refused = await Assert.ThrowsAsync<StateStoreLockedException>(() =>
            EmbeddedStateEngine.OpenAsync(options, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, TimeProvider.System, None));
        Assert.Equal(Environment.ProcessId, refused.OwnerProcessId);
        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await store.ReopenAsync()).Revision);
    }

    [Fact]
    public void TheCheckedSystemCalls_ReportTheirErrors()
    {
        using var handle = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        Assert.Throws<DiskFullException>(() => Posix.Write(handle, "x"u8, 0, "full"));

        // A character device has nothing to sync: EINVAL must not pass for success.
        Assert.Contains("errno 22", Assert.Throws<IOException>(() => Posix.SyncData(handle, "full")).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => Posix.SyncDirectory("/nowhere/at/all"));
    }

    // What was acknowledged and is still to be there; and how many writes were refused for want of room.
    private static async Task<(SortedDictionary<StateKey, StateEntry> Stored, int Refused)> WriteAsync(EmbeddedStateEngine engine, List<string> stops, string where)
    {
        var stored = new SortedDictionary<StateKey, StateEntry>();
        var refused = 0;
        for (var i = 0; i < 24; i++)
        {
            // A commit already durable may be answered when the next segment cannot be begun after it; nothing later may.
            var running = stops.Count == 0;
            try
            {
                var write = i % 5 == 4 && stored.Count > 0
                    ? await engine.DeleteAsync(stored.First().Key, stored.First().Value.Revision, None)
                    : await engine.CreateAsync(StateObjects.Pod($"p{i:d2}"), StateObjects.Value(new string('x', 100)), None);
                Assert.True(running, $"{where}: answered after {stops.FirstOrDefault()}");
                if (write.Outcome == StateOutcome.NoSpace)
                {
                    refused++;
                }
                else if (i % 5 == 4 && stored.Count > 0)
                {
                    Assert.Equal(StateOutcome.Committed, write.Outcome);
                    stored.Remove(write.Entry!.Key);
                }
                else
                {
                    Assert.Equal(StateOutcome.Committed, write.Outcome);
                    stored.Add(write.Entry!.Key, write.Entry);
                }
            }
            catch (StateStoreException)
            {
                Assert.Single(stops);
                if (i % 5 == 4 && stored.Count > 0 && running)
                {
                    // The delete that met the failure may have taken place or not.
                    stored.Remove(stored.First().Key);
                }
            }
        }

        return (stored, refused);
    }
}
