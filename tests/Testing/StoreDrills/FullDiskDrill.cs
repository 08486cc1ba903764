using KubeAspire.StateStore;
using KubeAspire.Testing.Processes;
using Xunit;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>A real disk runs full under a store, gets room again, runs full once more, and the store is killed and opened on it.</summary>
internal static class FullDiskDrill
{
    /// <summary>Runs on a file system of so many MiB.</summary>
    /// <returns>Writes that were refused for want of room, or −1 with the reason why there is no such file system.</returns>
    public static async Task<(int Refused, string? WhyNot)> RunAsync(int mebibytes, CancellationToken cancellationToken)
    {
        var (mounted, whyNot) = await SmallFileSystem.MountAsync(mebibytes, cancellationToken);
        if (mounted is null)
        {
            return (-1, whyNot);
        }

        await using var disk = mounted;
        var size = mebibytes << 20;
        await disk.TakeAsync(size / 4);
        var options = new StoreProcessOptions
        {
            Store = new StateStoreOptions { ReserveBytes = size / 16, AllocationBytes = size / 16, SegmentBytes = size / 8, SnapshotAfterLogBytes = size / 4 },
        };
        var directory = Path.Combine(disk.Path, "state");
        var drill = new Filling($"full disk of {mebibytes} MiB", new Random(mebibytes));
        await using (var store = await StoreProcess.StartAsync(directory, options, cancellationToken))
        {
            drill.Engine = store.Engine;
            await drill.FillAsync();
            await drill.ReadAndDeleteAsync(deletes: 20);
            disk.GiveBack();
            await drill.CreateAsync(StateOutcome.Committed);
            await drill.FillAsync();
            await store.KillAsync();
        }

        // The disk is full as the store opens.
        await using var again = await StoreProcess.StartAsync(directory, options, cancellationToken);
        drill.Engine = again.Engine;
        await drill.ReadAndDeleteAsync(deletes: 20);
        Assert.Equal(0, await again.StopAsync(cancellationToken));
        return (drill.Refused, null);
    }

    private sealed class Filling(string where, Random random)
    {
        // More than this and the disk is no small one.
        private const int CreatesMost = 20_000;
        private const int FillsMost = 10;
        private readonly SortedDictionary<string, StateEntry> _stored = new(StringComparer.Ordinal);
        private int _count;

        public StoreProcessEngine Engine { get; set; } = null!;

        public int Refused { get; private set; }

        public async Task<StateOutcome> CreateAsync(StateOutcome? expected = null)
        {
            var name = $"p{_count++:d5}";
            var write = await Engine.CreateAsync(StateObjects.Pod(name), StateObjects.Value(new string('x', random.Next(500, 4_000))), CancellationToken.None);
            Assert.True(expected is null || write.Outcome == expected, $"{where}: {write.Outcome}, expected {expected}");
            if (write.Outcome == StateOutcome.Committed)
            {
                _stored[name] = write.Entry!;
            }
            else
            {
                Refused++;
            }

            return write.Outcome;
        }

        public async Task FillAsync()
        {
            for (var i = 0; await CreateAsync() == StateOutcome.Committed; i++)
            {
                Assert.True(i < CreatesMost, $"{where}: never full");
            }

            // A larger one was refused; the smallest must be, too, before the disk counts as full.
            while ((await Engine.CreateAsync(StateObjects.Pod($"q{_count++:d5}"), StateObjects.Value(""), CancellationToken.None)) is { Outcome: StateOutcome.Committed, Entry: { } entry })
            {
                _stored[entry.Key.Name] = entry;
            }

            Assert.True(_stored.Count > 50, $"{where}: full with {_stored.Count} objects");
        }

        /// <summary>Everything but creates and updates works on a full disk.</summary>
        public async Task ReadAndDeleteAsync(int deletes)
        {
            await VerifyAsync();
            var (some, revision) = (_stored.First().Value, (await Engine.ListAsync(new StateRange("nothing"), 0, 1, null, CancellationToken.None)).Revision);
            var update = await Engine.UpdateAsync(some.Key, StateObjects.Value(new string('y', 3_000)), some.Revision, CancellationToken.None);
            for (var i = 0; update.Outcome == StateOutcome.Committed && i < FillsMost; i++)
            {
                // A snapshot under way took room, and gave it back when it met the full disk: fill that, too.
                some = _stored[some.Key.Name] = update.Entry!;
                await FillAsync();
                revision = _stored.Values.Max(entry => entry.Revision);
                update = await Engine.UpdateAsync(some.Key, StateObjects.Value(new string('y', 3_000)), some.Revision, CancellationToken.None);
            }

            Assert.True(update.Outcome == StateOutcome.NoSpace, $"{where}: an update was {update.Outcome}");
            Assert.Equal(some.Text(), (await Engine.GetAsync(some.Key, CancellationToken.None)).Text());
            using var watch = Engine.Watch(new StateRange("pods"), revision);
            for (var i = 0; i < deletes; i++)
            {
                var (name, entry) = _stored.First();
                var write = await Engine.DeleteAsync(entry.Key, entry.Revision, CancellationToken.None);
                Assert.True(write.Outcome == StateOutcome.Committed, $"{where}: delete {i} was {write.Outcome}");
                _stored.Remove(name);
            }

            var seen = 0;
            while (seen < deletes)
            {
                var batch = await watch.NextAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
                Assert.True(batch.Events.Count > 0 && batch.Events.All(change => change.Deleted), $"{where}: a watch did not tell of the deletes");
                seen += batch.Events.Count;
            }

            await VerifyAsync();
        }

        private async Task VerifyAsync()
        {
            var page = await Engine.ListAsync(new StateRange("pods"), 0, 0, null, CancellationToken.None);
            Assert.Equal(_stored.Values.Select(entry => entry.Text()), page.Entries.Select(entry => entry.Text()));
        }
    }
}
