using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Redis;
using KubeAspire.Testing;
using KubeAspire.Testing.Histories;

namespace KubeAspire.StateStore.Tests.Redis.Planted;

/// <summary>
/// Whether anything notices what is wrong with an engine of several silos: the judges of a history, a silo that finds the log to be other than it
/// should be and stops, or the comparison of two silos. And that they find nothing where nothing is.
/// </summary>
public sealed class RedisPlantedBugTests(ITestOutputHelper output)
{
    // A bug that shows by chance is given this many histories to show in.
    private const int Attempts = 6;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryPlantedBug_IsCaught()
    {
        var bugs = Enum.GetValues<RedisBug>().Where(bug => bug != RedisBug.None).ToList();
        var caught = await Task.WhenAll(bugs.Select(bug => Task.Run(() => IsCaughtAsync(bug))));
        var missed = bugs.Where((_, at) => !caught[at]).ToList();
        output.Tell($"planted bugs of several silos caught: {bugs.Count - missed.Count} of {bugs.Count}");
        Assert.True(missed.Count == 0, $"unnoticed in {Attempts} histories each: {string.Join(", ", missed)}");
    }

    [Fact]
    public async Task WithoutABug_TheSameSilosAreFoundGood()
    {
        var found = await Task.WhenAll(Enum.GetValues<Scenario>().Select(async scenario => $"{scenario}: {await RunAsync(scenario, RedisBug.None, seed: 1)}"));
        Assert.All(found, one => Assert.EndsWith(": ", one, StringComparison.Ordinal));
    }

    private async Task<bool> IsCaughtAsync(RedisBug bug)
    {
        for (var seed = 0; seed < Attempts; seed++)
        {
            var began = TimeProvider.System.GetTimestamp();
            if (await RunAsync(ScenarioOf(bug), bug, seed) is { Length: > 0 } caught)
            {
                output.WriteLine($"{bug} caught by history {seed} in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s: {caught}");
                return true;
            }
        }

        return false;
    }

    private enum Scenario
    {
        /// <summary>The silo with the mistake owned the store, and does not know yet that another one took it over.</summary>
        TwoOwners,

        /// <summary>The owner is the silo with the mistake; another one reads beside it.</summary>
        Owner,

        /// <summary>The silo with the mistake brings its writes to the owner on another.</summary>
        Follower,

        /// <summary>The log is trimmed under the silo with the mistake, again and again.</summary>
        Sleeper,

        /// <summary>A silo joins that begins with a snapshot of the silo with the mistake.</summary>
        Joiner,
    }

    private static Scenario ScenarioOf(RedisBug bug) => bug switch
    {
        RedisBug.AppendsWithoutExpectedPosition or RedisBug.TellsTheFencedThatTheyAppended => Scenario.TwoOwners,
        RedisBug.AcknowledgesBeforeRedisAnswered => Scenario.Owner,
        RedisBug.SnapshotMissesAKey => Scenario.Joiner,
        RedisBug.JumpsWithoutTelling => Scenario.Sleeper,
        _ => Scenario.Follower,
    };

    // What was found; null or empty for nothing.
    private static async Task<string?> RunAsync(Scenario scenario, RedisBug bug, int seed)
    {
        var server = await SharedRedis.GetAsync();
        await using var relay = new RespRelay(server.Port, BuggyRedis.Rule(bug));
        await using var store = new RedisStore(server.ConnectionString);
        var options = new HistoryOptions { Seed = seed, Calls = 80 };
        void Relayed(RedisStateOptions silo)
        {
            Brisk(silo);
            silo.ConnectionString = relay.ConnectionString;
        }

        switch (scenario)
        {
            case Scenario.TwoOwners:
                return await WriteAsOldOwnerAsync(await store.OpenAsync(Relayed), await store.OpenAsync(Brisk));
            case Scenario.Owner:
                LocalSequencer? itself = null;
                var owner = await store.OpenAsync(Relayed, sequencer: silo => itself = new LocalSequencer(silo));
                return await JudgeAsync(store, options, owner, await store.OpenAsync(Brisk, sequencer: _ => itself!));
            case Scenario.Follower:
                var way = new LocalSequencer(await store.OpenAsync(Brisk));
                var follower = await store.OpenAsync(Relayed, sequencer: silo => new BuggyOwner(way, silo, bug));
                return await JudgeAsync(store, options, await store.OpenAsync(Brisk, sequencer: _ => way), new BuggySilo(follower, bug));
            case Scenario.Sleeper:
                return await SleepAsync(store, server.Port, bug, options);
            default:
                var writer = await store.OpenAsync(silo =>
                {
                    Relayed(silo);
                    silo.Store.SnapshotAfterLogBytes = 4 * 1024;
                });
                return await JudgeAsync(store, options, writer) is { Length: > 0 } wrong ? wrong : await JoinAsync(store, writer);
        }
    }

    private static async Task<string?> WriteAsOldOwnerAsync(RedisStateEngine first, RedisStateEngine second)
    {
        await using var old = await first.TakeOverAsync(Token);
        await using var now = await second.TakeOverAsync(Token);
        var request = new SequencerRequest(
            WriteKind.Create, new StateKey("pods", "default", "late"), StateObjects.Value("1"), 0, new WriteTicket(Guid.NewGuid(), 1), first.Index, again: false);
        var answer = await old.SubmitAsync(request, Token);
        return answer.Outcome == SequencerOutcome.NotOwner ? null : $"an owner whose store was taken over answered {answer.Outcome}";
    }

    // A silo that has stopped ends its process. Here it lives on, and its callers are not to wait for long.
    private static void Brisk(RedisStateOptions silo) => silo.Patience = TimeSpan.FromSeconds(1);

    private static async Task<string?> SleepAsync(RedisStore store, int port, RedisBug bug, HistoryOptions options)
    {
        await using var relay = new RedisRelay(port);
        LocalSequencer? way = null;
        var owner = await store.OpenAsync(silo => silo.Store.SnapshotAfterLogBytes = 1_500, sequencer: silo => way = new LocalSequencer(silo));
        var sleeper = await store.OpenAsync(
            silo =>
            {
                Brisk(silo);
                silo.ConnectionString = relay.ConnectionString;
                silo.CommandTimeout = TimeSpan.FromMilliseconds(200);
            },
            sequencer: _ => way!);
        var sleeps = Task.Run(async () =>
        {
            for (var sleep = 0; sleep < 4; sleep++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Token);
                relay.Closed = true;
                await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, Token);
                relay.Closed = false;
            }
        });
        return await JudgeAsync(store, options with { Calls = 40, Pause = TimeSpan.FromMilliseconds(2), Until = sleeps }, owner, new BuggySilo(sleeper, bug));
    }

    private static async Task<string?> JudgeAsync(RedisStore store, HistoryOptions options, params IStateEngine[] silos)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token, store.Stopped);
        over.CancelAfter(s_patience);
        var asked = 0;
        try
        {
            var verdict = await new HistoryRun(options, _ => ValueTask.FromResult(silos[Interlocked.Increment(ref asked) % silos.Length])).RunAsync(over.Token);
            return store.Stops is [var stop, ..] ? stop : verdict.Problems is [var problem, ..] ? problem : null;
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or ObjectDisposedException && store.Stops.Count > 0)
        {
            return store.Stops[0];
        }
    }

    // Whoever joins has what the others have, or finds that the log does not go on where the snapshot ends.
    private static async Task<string?> JoinAsync(RedisStore store, RedisStateEngine old)
    {
        RedisStateEngine joined;
        try
        {
            joined = await store.OpenAsync();
        }
        catch (StateStoreCorruptException damaged)
        {
            return damaged.Message;
        }

        if (joined.CompactedRevision == 0)
        {
            throw new InvalidOperationException("No snapshot was taken.");
        }

        var (theirs, its) = (await AllAsync(old), await AllAsync(joined));
        return string.Join(", ", theirs.Except(its).Concat(its.Except(theirs)));

        static async Task<List<string>> AllAsync(RedisStateEngine engine) =>
            [.. (await engine.ListAsync(new StateRange("pods"), 0, 0, null, Token)).Entries.Select(entry => $"{entry.Key}@{entry.Revision}/{entry.CreateRevision}")];
    }
}
