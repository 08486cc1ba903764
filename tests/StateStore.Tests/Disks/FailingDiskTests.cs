using KubeAspire.StateStore.Disks;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Disks;

/// <summary>A disk that fails, a disk that is full, a directory that is taken.</summary>
public sealed class FailingDiskTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task AnErrorAtEveryOperation_IsNeverFollowedByAnAcknowledgement()
    {
        var stopped = 0;
        for (var at = 1; ; at++)
        {
            var disk = new SimulatedDisk { ErrorAt = at };
            var stops = new List<string>();
            EmbeddedStateEngine engine;
            try
            {
                engine = SimulatedEngine.Open(disk, stops: stops);
            }
            catch (IOException)
            {
                continue;
            }

            List<string> acknowledged = [];
            for (var i = 0; i < 20; i++)
            {
                // A commit already durable may be answered when the next segment cannot be begun after it; nothing later may.
                var running = stops.Count == 0;
                try
                {
                    await engine.CreateAsync(StateObjects.Pod($"p{i}"), StateObjects.Value(new string('x', 100)), None);
                    Assert.True(running, $"operation {at}: acknowledged after {stops.FirstOrDefault()}");
                    acknowledged.Add($"p{i}");
                }
                catch (StateStoreException)
                {
                    Assert.Single(stops);
                }
            }

            await engine.DisposeAsync();
            await using var reopened = SimulatedEngine.Open(disk.AfterPowerLoss(() => Fate.Drop, _ => 0));
            foreach (var name in acknowledged)
            {
                Assert.NotNull(await reopened.GetAsync(StateObjects.Pod(name), None));
            }

            stopped += stops.Count;
            if (disk.Operations < at)
            {
                break;
            }
        }

        Assert.True(stopped > 40, $"only {stopped} operations failed");
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
}
