using KubeAspire.StateStore;
using Xunit;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>The power goes at a drawn moment of a drawn history. What was acknowledged, or read, is there afterwards; nothing is there in part.</summary>
internal static class PowerLossDrill
{
    /// <summary>Loses power amid a history and again during three recoveries, then verifies.</summary>
    /// <returns>How often the power went.</returns>
    public static async Task<int> RunAsync(int seed)
    {
        var random = new Random(seed);
        var disk = new SimulatedDisk { PowerLossAt = random.Next(1, 700) };
        var history = new WrittenHistory(seed);
        await history.RunAsync(disk, steps: random.Next(10, 120));
        for (var again = 0; again < 3; again++)
        {
            disk = disk.AfterPowerLoss(() => (Fate)random.Next(5), count => random.Next(count + 1));
            disk.PowerLossAt = random.Next(1, 12);
            try
            {
                await using var engine = SimulatedEngine.Open(disk);
            }
            catch (PowerLossException)
            {
                // Once more, then.
            }
        }

        await history.VerifyAsync(disk.AfterPowerLoss(() => (Fate)random.Next(5), count => random.Next(count + 1)), $"power loss, seed {seed}");
        return 4;
    }

    /// <summary>Reads while a sync is under way, and loses power in that very sync: whatever was read by then must be there afterwards.</summary>
    /// <returns>How many values were read and found again.</returns>
    public static async Task<int> ReadDuringSyncAsync(int seed)
    {
        var random = new Random(seed);
        var disk = new SimulatedDisk();
        var engine = SimulatedEngine.Open(disk);
        using var watch = engine.Watch(new StateRange("pods"), 1);
        var (writes, crashAt) = (random.Next(2, 30), 0);
        crashAt = random.Next(1, writes + 1);
        List<string> read = [];
        for (var i = 1; i <= writes && !disk.PowerLost; i++)
        {
            var last = i == crashAt;
            disk.BeforeSync = () =>
            {
                disk.BeforeSync = null;
                read.AddRange(ReadAll(engine, watch).Select(Describe));
                if (last)
                {
                    disk.PowerLossAt = disk.Operations + 1;
                }
            };
            try
            {
                var key = StateObjects.Pod($"p{random.Next(5)}");
                var now = await engine.GetAsync(key, CancellationToken.None);
                var value = StateObjects.Value(new string('x', random.Next(200)));
                _ = now is null ? await engine.CreateAsync(key, value, CancellationToken.None) : await engine.UpdateAsync(key, value, now.Revision, CancellationToken.None);
            }
            catch (StateStoreException)
            {
                // The power went; the call was not answered.
            }
        }

        var revision = engine.Revision;
        await engine.DisposeAsync();
        await using var reopened = SimulatedEngine.Open(disk.AfterPowerLoss(() => (Fate)random.Next(5), count => random.Next(count + 1)));
        Assert.True(reopened.Revision >= revision, $"read during sync, seed {seed}: revision {revision} was read, {reopened.Revision} is what remains");

        // What a reader saw is either still so or was replaced by something newer that is durable in turn.
        var page = await reopened.ListAsync(new StateRange("pods"), 0, 0, null, CancellationToken.None);
        var remains = page.Entries.ToDictionary(entry => entry.Key.Name);
        foreach (var seen in read.Distinct())
        {
            var parts = seen.Split(' ', 3);
            var entry = remains.GetValueOrDefault(parts[0]);
            Assert.True(entry is not null, $"read during sync, seed {seed}: {seen} is gone");
            var at = long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(entry.Revision > at || (entry.Revision == at && Describe(entry) == seen), $"read during sync, seed {seed}: {seen} became {Describe(entry)}");
        }

        return read.Count;
    }

    private static IEnumerable<StateEntry> ReadAll(EmbeddedStateEngine engine, IStateWatch watch)
    {
        var page = Now(engine.ListAsync(new StateRange("pods"), 0, 0, null, CancellationToken.None));
        var got = page.Entries.Select(entry => Now(engine.GetAsync(entry.Key, CancellationToken.None))!);
        var watched = Now(watch.NextAsync(TimeSpan.Zero, CancellationToken.None)).Events.Select(change => change.Entry);
        return [.. page.Entries, .. got, .. watched];
    }

    // Reads of this engine never wait.
    private static T Now<T>(ValueTask<T> read) => read.AsTask().GetAwaiter().GetResult();

    private static string Describe(StateEntry entry) => $"{entry.Key.Name} {entry.Revision} {entry.Text()}";
}
