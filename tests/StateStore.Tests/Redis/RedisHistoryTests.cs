using System.Globalization;
using KubeAspire.StateStore.Redis;
using KubeAspire.Testing;
using KubeAspire.Testing.Histories;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Redis;

/// <summary>Histories of many clients on several silos that share a Redis, judged as those of the embedded engine are.</summary>
public sealed class RedisHistoryTests(ITestOutputHelper output)
{
    [Fact]
    public async Task HistoriesOnThreeSilos_OneOwner_KeepEveryPromise()
    {
        var calls = 0;
        const int Histories = 4;
        for (var seed = 0; seed < Histories; seed++)
        {
            await using var store = await RedisStore.OfSharedAsync();
            var owner = await store.OpenAsync();
            var way = new LocalSequencer(owner);
            var (second, third) = (await store.OpenAsync(sequencer: _ => way), await store.OpenAsync(sequencer: _ => new Encoded(way)));
            calls += Good(await RunAsync([owner, second, third], new HistoryOptions { Seed = seed, CompactEvery = seed % 2 * 60 }), seed, store);
        }

        output.Tell($"{Histories} histories on three silos checked, {calls.ToString("N0", CultureInfo.InvariantCulture)} calls");
    }

    [Fact]
    public async Task HistoriesOnThreeSilos_EachOfWhichThinksItIsTheOwner_KeepEveryPromise()
    {
        var calls = 0;
        const int Histories = 3;
        for (var seed = 0; seed < Histories; seed++)
        {
            await using var store = await RedisStore.OfSharedAsync();
            IStateEngine[] silos = [await store.OpenAsync(), await store.OpenAsync(), await store.OpenAsync()];
            calls += Good(await RunAsync(silos, new HistoryOptions { Seed = seed, Calls = 60 }), seed, store);
        }

        output.Tell($"{Histories} histories on three silos that all own the store checked, {calls.ToString("N0", CultureInfo.InvariantCulture)} calls");
    }

    [Fact]
    public async Task HistoriesUnderSnapshots_KeepEveryPromise()
    {
        await using var store = await RedisStore.OfSharedAsync();
        var owner = await store.OpenAsync(options => options.Store.SnapshotAfterLogBytes = 16 * 1024);
        var second = await store.OpenAsync(sequencer: _ => new LocalSequencer(owner));
        Good(await RunAsync([owner, second], new HistoryOptions { Seed = 7 }), 7, store);

        // Who opens the store now begins at a snapshot, and finds what the others have.
        var late = await store.OpenAsync();
        Assert.Equal(owner.Revision, late.Revision);
        Assert.True(late.CompactedRevision > 0, "no snapshot was taken");
        var (theirs, its) = (await All(owner), await All(late));
        Assert.Equal(theirs, its);

        static async Task<List<string>> All(IStateEngine engine) =>
            [.. (await engine.ListAsync(new StateRange("pods"), 0, 0, null, CancellationToken.None)).Entries.Select(entry => $"{entry.Key}@{entry.Revision}/{entry.CreateRevision}")];
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("paused")]
    public async Task HistoriesOnARedisThatIs_KeepEveryPromise(string fault)
    {
        Assert.SkipWhen(RedisServer.WhyNot is not null, RedisServer.WhyNot ?? "");
        await using var server = await RedisServer.StartAsync();
        await using var store = new RedisStore(server.ConnectionString);
        static void Brisk(RedisStateOptions options) => options.CommandTimeout = TimeSpan.FromMilliseconds(500);
        var owner = await store.OpenAsync(Brisk);
        var second = await store.OpenAsync(Brisk, sequencer: _ => new LocalSequencer(owner));
        using var stop = new CancellationTokenSource();
        var faults = Task.Run(() => FaultAsync(server, fault, stop.Token));
        var verdict = await RunAsync([owner, second], new HistoryOptions { Seed = 3, Calls = 400 });
        await stop.CancelAsync();
        var count = await faults;
        var calls = Good(verdict, 3, store);
        Assert.True(count > 0, "nothing happened to Redis");
        output.Tell($"a history on a Redis {fault} {count} times checked, {calls.ToString("N0", CultureInfo.InvariantCulture)} calls, {verdict.Unknown} of them with no known end");
    }

    private static async Task<int> FaultAsync(RedisServer server, string fault, CancellationToken cancellationToken)
    {
        const int Most = 4;
        for (var count = 0; ; count++)
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(150), TimeProvider.System, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return count;
            }

            if (count == Most)
            {
                return count;
            }

            if (fault == "killed")
            {
                await server.KillAsync();
                await server.StartAgainAsync();
                continue;
            }

            server.Pause();
            await Task.Delay(TimeSpan.FromMilliseconds(count % 2 == 0 ? 200 : 900), TimeProvider.System, CancellationToken.None);
            server.Resume();
        }
    }

    private static Task<HistoryVerdict> RunAsync(IStateEngine[] silos, HistoryOptions options)
    {
        var asked = 0;
        return new HistoryRun(options, _ => ValueTask.FromResult(silos[Interlocked.Increment(ref asked) % silos.Length])).RunAsync(TestContext.Current.CancellationToken);
    }

    private static int Good(HistoryVerdict verdict, int seed, RedisStore store)
    {
        Assert.Empty(store.Stops);
        Assert.True(verdict.Problems.Count == 0, $"seed {seed}: {verdict.Problems.Count} problems\n{string.Join('\n', verdict.Problems.Take(10))}");
        Assert.True(verdict.Events > 0, "the watches saw nothing");
        return verdict.Operations;
    }
}
