using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Redis;
using KubeAspire.Testing;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Redis;

/// <summary>What keeps the store one, whoever believes to own it; and what Redis does when it is not itself.</summary>
public sealed class RedisFenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnOwner_WhoseStoreWasTakenOver_NeverCommitsAgain()
    {
        await using var store = await RedisStore.OfSharedAsync();
        var (first, second) = (await store.OpenAsync(), await store.OpenAsync());
        await using var old = await first.TakeOverAsync(Token);
        await using var now = await second.TakeOverAsync(Token);

        var refused = await old.SubmitAsync(Request(first, "a", 1), Token);
        var committed = await now.SubmitAsync(Request(second, "a", 1), Token);

        Assert.Equal(SequencerOutcome.NotOwner, refused.Outcome);
        Assert.True(old.Deposed.IsCancellationRequested);
        Assert.Equal(SequencerOutcome.Committed, committed.Outcome);
        Assert.Equal(SequencerOutcome.NotOwner, (await old.SubmitAsync(Request(first, "b", 2), Token)).Outcome);
        Assert.Single((await first.ListAsync(new StateRange("pods"), 0, 0, null, Token)).Entries);
    }

    [Fact]
    public async Task AnOldOwner_DoesNotEvenRefuse_UponWhatItKnows()
    {
        await using var store = await RedisStore.OfSharedAsync();
        var (first, second) = (await store.OpenAsync(), await store.OpenAsync());
        await first.CreateAsync(Key("a"), StateObjects.Value("1"), Token);
        await using var old = await first.TakeOverAsync(Token);
        var entry = await second.GetAsync(Key("a"), Token);
        await second.DeleteAsync(Key("a"), entry!.Revision, Token); // Takes over.

        var answer = await old.SubmitAsync(Request(first, "a", 1_000), Token);

        Assert.Equal(SequencerOutcome.NotOwner, answer.Outcome);
    }

    [Fact]
    public async Task ACallBroughtTwice_TakesPlaceOnce_AtTheSameOwnerAndAtTheNext()
    {
        await using var store = await RedisStore.OfSharedAsync();
        var (first, second) = (await store.OpenAsync(), await store.OpenAsync());
        await using var old = await first.TakeOverAsync(Token);
        var request = Request(first, "a", 1);

        var once = await old.SubmitAsync(request, Token);
        var twice = await old.SubmitAsync(request, Token);
        await using var now = await second.TakeOverAsync(Token);
        var thrice = await now.SubmitAsync(request, Token);

        Assert.Equal(SequencerOutcome.Committed, once.Outcome);
        Assert.Equal(once, twice);
        Assert.Equal(once, thrice);
        Assert.Equal(2, second.Revision);
    }

    [Fact]
    public async Task ACallOlderThanWhatTheOwnerRemembers_IsSentBackToLook()
    {
        await using var store = await RedisStore.OfSharedAsync();
        var first = await store.OpenAsync(options => options.Store.SnapshotAfterLogBytes = 1);
        await first.CreateAsync(Key("a"), StateObjects.Value("1"), Token);
        await SnapshotIsThere(store, first);
        var late = await store.OpenAsync();
        await using var owner = await late.TakeOverAsync(Token);

        var answer = await owner.SubmitAsync(Request(late, "b", 1, since: 0), Token);

        Assert.Equal(SequencerOutcome.TooOld, answer.Outcome);
    }

    [Theory]
    [InlineData(RelayFault.AnswerLost)]
    [InlineData(RelayFault.CommandLost)]
    public async Task ACommit_WhoseConnectionBreaks_TakesPlaceOnce(RelayFault fault)
    {
        var server = await SharedRedis.GetAsync();
        await using var relay = new RedisRelay(server.Port);
        await using var store = new RedisStore(relay.ConnectionString);
        var engine = await store.OpenAsync();
        var before = await engine.CreateAsync(Key("a"), StateObjects.Value("1"), Token);

        relay.Next = fault;
        var after = await engine.UpdateAsync(Key("a"), StateObjects.Value("2"), before.Entry!.Revision, Token);

        Assert.Equal(0, (int)relay.Next);
        Assert.Equal((StateOutcome.Committed, before.Entry.Revision + 1), (after.Outcome, after.Entry!.Revision));
        Assert.Equal(before.Entry.Revision + 1, (await engine.GetAsync(Key("a"), Token))!.Revision);
    }

    [Fact]
    public async Task ASilo_UnderWhichTheLogWasTrimmed_JumpsToTheSnapshot_AndItsWatchesAreTold()
    {
        var server = await SharedRedis.GetAsync();
        await using var relay = new RedisRelay(server.Port);
        await using var store = await RedisStore.OfSharedAsync();
        var writer = await store.OpenAsync(options => options.Store.SnapshotAfterLogBytes = 2_000);
        var sleeper = await store.OpenAsync(options =>
        {
            options.ConnectionString = relay.ConnectionString;
            options.CommandTimeout = TimeSpan.FromMilliseconds(200);
        });
        var entry = (await writer.CreateAsync(Key("a"), StateObjects.Value("0"), Token)).Entry!;
        await sleeper.GetAsync(Key("a"), Token);
        using var watch = sleeper.Watch(new StateRange("pods"), entry.Revision);
        var told = watch.NextAsync(TimeSpan.FromSeconds(20), Token).AsTask();

        relay.Closed = true;
        for (var trimmed = false; !trimmed;)
        {
            entry = (await writer.UpdateAsync(Key("a"), StateObjects.Value(new string('x', 500)), entry.Revision, Token)).Entry!;
            trimmed = await server.AskAsync($"XRANGE {store.Prefix}:log 2-0 5-0", Token) == "*0";
        }

        relay.Closed = false;

        Assert.Equal(StateReadOutcome.Compacted, (await told).Outcome);
        Assert.Equal(entry.Revision, (await sleeper.GetAsync(Key("a"), Token))!.Revision);
        Assert.Empty(store.Stops);
    }

    [Fact]
    public async Task ARedisThatLostItsData_StopsTheSilo()
    {
        Assert.SkipWhen(RedisServer.WhyNot is not null, RedisServer.WhyNot ?? "");
        await using var server = await RedisServer.StartAsync();
        await using var store = new RedisStore(server.ConnectionString);
        var engine = await store.OpenAsync();
        await engine.CreateAsync(Key("a"), StateObjects.Value("1"), Token);

        await server.AskAsync("FLUSHALL", Token);

        await Assert.ThrowsAsync<StateStoreException>(async () => await engine.GetAsync(Key("a"), Token));
        Assert.Contains("lost", Assert.Single(store.Stops), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedEntry_IsNotApplied_AndStopsTheSilo()
    {
        Assert.SkipWhen(RedisServer.WhyNot is not null, RedisServer.WhyNot ?? "");
        await using var server = await RedisServer.StartAsync();
        await using var store = new RedisStore(server.ConnectionString);
        var engine = await store.OpenAsync();
        await engine.CreateAsync(Key("a"), StateObjects.Value("1"), Token);

        await server.AskAsync($"XADD {store.Prefix}:log {engine.Index + 1}-0 e garbage", Token);
        while (store.Stops.Count == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }

        Assert.Contains("damaged", store.Stops[0], StringComparison.Ordinal);
        Assert.Equal(2, engine.Revision);
    }

    [Fact]
    public async Task AFullRedis_RefusesPuts_AndTakesDeletes()
    {
        Assert.SkipWhen(RedisServer.WhyNot is not null, RedisServer.WhyNot ?? "");
        await using var server = await RedisServer.StartAsync("--maxmemory", "4mb", "--maxmemory-policy", "noeviction");
        await using var store = new RedisStore(server.ConnectionString);
        var engine = await store.OpenAsync();
        var value = StateObjects.Value(new string('x', 100_000));
        var written = new List<StateEntry>();
        StateWrite write;
        while ((write = await engine.CreateAsync(Key($"p{written.Count}"), value, Token)).Outcome == StateOutcome.Committed)
        {
            written.Add(write.Entry!);
        }

        Assert.Equal(StateOutcome.NoSpace, write.Outcome);
        Assert.Equal(StateOutcome.Committed, (await engine.DeleteAsync(written[0].Key, written[0].Revision, Token)).Outcome);
        await server.AskAsync("CONFIG SET maxmemory 100mb", Token);
        Assert.Equal(StateOutcome.Committed, (await engine.CreateAsync(Key("again"), value, Token)).Outcome);
    }

    [Fact]
    public async Task ARedisThatEvicts_IsRefused()
    {
        Assert.SkipWhen(RedisServer.WhyNot is not null, RedisServer.WhyNot ?? "");
        await using var server = await RedisServer.StartAsync("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru");
        await using var store = new RedisStore(server.ConnectionString);

        var refused = await Assert.ThrowsAsync<StateStoreException>(async () => await store.OpenAsync());

        Assert.Contains("noeviction", refused.Message, StringComparison.Ordinal);
    }

    private static StateKey Key(string name) => new("pods", "default", name);

    private static SequencerRequest Request(RedisStateEngine from, string name, long call, long? since = null) => new(
        WriteKind.Create, Key(name), StateObjects.Value("1"), 0, new WriteTicket(new Guid(7, 0, 0, new byte[8]), call), since ?? from.Index, again: false);

    private static async Task SnapshotIsThere(RedisStore store, RedisStateEngine engine)
    {
        var server = await SharedRedis.GetAsync();
        for (var name = 0; await server.AskAsync($"EXISTS {store.Prefix}:snapshot", Token) != ":1"; name++)
        {
            await engine.CreateAsync(Key($"more-{name}"), StateObjects.Value("1"), Token);
        }
    }
}
