using System.Text;
using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Redis;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.StateStore.Tests.Redis;

/// <summary>A backup restored to the Redis of several silos: whole or nothing, and a new beginning for whoever watched. The format has its tests in BackupTests.</summary>
public sealed class RedisBackupTests : IDisposable
{
    private const string Agreement = "keys";
    private static readonly DateTimeOffset s_noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly BackupFile[] s_files = [new("pki/ca.key", Encoding.UTF8.GetBytes("secret"))];
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_directory.Path, "cluster.backup");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task ABackupOfOneSilo_IsTheStateOfSeveral_AndOneOfSeveralIsThatOfOthers()
    {
        await using var redis = await RedisStore.OfSharedAsync();
        await using var single = await TemporaryStateEngine.OpenAsync();
        // More than a block of a snapshot.
        await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => single.Engine.CreateAsync(StateObjects.Pod($"p{i:d4}"), StateObjects.Value(new string('x', i)), Token).AsTask()));
        var saved = await SaveAsync(single.Engine);

        var restored = await RestoreAsync(redis);

        Assert.Equal(saved with { Files = restored.Files }, restored);
        Assert.Equal("secret", Encoding.UTF8.GetString(await RedisAgreement.ReachAsync(redis.Options(), Agreement, "mine"u8.ToArray(), Token)));
        var (one, other) = (await redis.OpenAsync(), await redis.OpenAsync());
        Assert.Equal(single.Engine.Revision + StateBackup.RevisionJump, one.Revision);
        Assert.Equal(one.Revision, one.CompactedRevision);
        Assert.Equal(await DumpAsync(single.Engine), await DumpAsync(other));
        using (var watch = other.Watch(new StateRange("pods"), single.Engine.Revision))
        {
            Assert.Equal(StateReadOutcome.Compacted, (await watch.NextAsync(TimeSpan.Zero, Token)).Outcome);
        }

        // It goes on at either silo, and what it becomes is a state like any other: it can be carried on.
        var old = (await other.GetAsync(StateObjects.Pod("p0007"), Token))!;
        Assert.Equal(StateOutcome.Committed, (await one.UpdateAsync(old.Key, StateObjects.Value("new"), old.Revision, Token)).Outcome);
        Assert.Equal(StateOutcome.Committed, (await other.CreateAsync(StateObjects.Pod("later"), StateObjects.Value("1"), Token)).Outcome);
        await SaveAsync(other);
        await using var further = await RedisStore.OfSharedAsync();
        await RestoreAsync(further);
        Assert.Equal(await DumpAsync(one), await DumpAsync(await further.OpenAsync()));
    }

    [Fact]
    public async Task TheNextSnapshot_TakesThePlaceOfTheRestoredOne_AndASiloThatComesThenHasAll()
    {
        await using var redis = await RedisStore.OfSharedAsync();
        await using var single = await TemporaryStateEngine.OpenAsync();
        await single.Engine.CreateAsync(StateObjects.Pod("old"), StateObjects.Value("1"), Token);
        await SaveAsync(single.Engine);
        await RestoreAsync(redis);
        var silo = await redis.OpenAsync(options => options.Store = new StateStoreOptions { SnapshotAfterLogBytes = 4_000 });
        await using var client = new RedisClient(RedisAddress.Parse(redis.Options().ConnectionString), redis.Options());
        var snapshots = new RedisSnapshots(redis.Options());
        var first = (await snapshots.FindAsync(client, Token))!;
        for (var i = 0; (await snapshots.FindAsync(client, Token))!.Id == first.Id; i++)
        {
            await silo.CreateAsync(StateObjects.Pod($"new{i}"), StateObjects.Value(new string('x', 500)), Token);
        }

        Assert.Equal(await DumpAsync(silo), await DumpAsync(await redis.OpenAsync()));
    }

    [Fact]
    public async Task WhereThereIsAState_NothingIsRestored_AndNothingChanged()
    {
        await using var redis = await RedisStore.OfSharedAsync();
        await using var single = await TemporaryStateEngine.OpenAsync();
        await single.Engine.CreateAsync(StateObjects.Pod("restored"), StateObjects.Value("1"), Token);
        await SaveAsync(single.Engine);
        var silo = await redis.OpenAsync();
        await silo.CreateAsync(StateObjects.Pod("mine"), StateObjects.Value("1"), Token);
        var before = await KeysAsync(redis);

        var refused = await Assert.ThrowsAsync<StateStoreException>(() => RestoreAsync(redis));

        Assert.Contains("holds a state of this cluster already", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await KeysAsync(redis));
        Assert.Equal(["mine"], (await silo.ListAsync(new StateRange("pods"), 0, 0, null, Token)).Entries.Select(entry => entry.Key.Name));
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(0.999)]
    public async Task ADamagedBackup_LeavesNothing(double where)
    {
        await using var redis = await RedisStore.OfSharedAsync();
        await using var single = await TemporaryStateEngine.OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => single.Engine.CreateAsync(StateObjects.Pod($"p{i:d4}"), StateObjects.Value(new string('x', i)), Token).AsTask()));
        await SaveAsync(single.Engine);
        var bytes = await System.IO.File.ReadAllBytesAsync(File, Token);
        bytes[(int)(bytes.Length * where)] ^= 1;
        await System.IO.File.WriteAllBytesAsync(File, bytes, Token);

        await Assert.ThrowsAsync<BackupDamagedException>(() => RestoreAsync(redis));

        Assert.Empty(await KeysAsync(redis));
    }

    [Fact]
    public async Task TheLastStep_AskedForTwice_BecauseItsAnswerWasLost_IsDoneOnce()
    {
        await using var redis = await RedisStore.OfSharedAsync();
        await using var client = new RedisClient(RedisAddress.Parse(redis.Options().ConnectionString), redis.Options());
        var begins = new RedisSnapshot("", new(1, 0), 500, 0, 0, Guid.NewGuid());
        var snapshots = new RedisSnapshots(redis.Options());
        Assert.True(await snapshots.BeginAsync(client, [], begins, (Agreement, "1"u8.ToArray()), Token));
        var named = await snapshots.FindAsync(client, Token);

        Assert.True(await snapshots.BeginAsync(client, [], begins, (Agreement, "1"u8.ToArray()), Token));

        Assert.Equal(named, await snapshots.FindAsync(client, Token));
        Assert.False(await snapshots.BeginAsync(client, [], begins with { Store = Guid.NewGuid() }, (Agreement, "2"u8.ToArray()), Token));
        Assert.Equal(500, (await redis.OpenAsync()).Revision);
    }

    private static async Task<string> DumpAsync(IStateEngine engine) => string.Join(
        '\n', (await engine.ListAsync(new StateRange("pods"), 0, 0, null, Token)).Entries.Select(entry => $"{entry.Key} {entry.CreateRevision} {entry.Revision} {entry.Text()}"));

    private static async Task<List<string>> KeysAsync(RedisStore redis)
    {
        await using var client = new RedisClient(RedisAddress.Parse(redis.Options().ConnectionString), redis.Options());
        var found = await client.InsistAsync(Token, RespConnection.Word("KEYS"), RespConnection.Word(redis.Prefix.Replace("{", "[{]", StringComparison.Ordinal).Replace("}", "[}]", StringComparison.Ordinal) + "*"));
        return [.. (found.Items ?? []).Select(key => key.Text).Order(StringComparer.Ordinal)];
    }

    private Task<BackupSummary> SaveAsync(IStateCopySource engine) =>
        StateBackup.SaveAsync(File, stream => BackupWriter.WriteAsync(stream, engine.Copy(), s_files, s_noon, Token), Token);

    private Task<BackupSummary> RestoreAsync(RedisStore redis) =>
        RedisBackup.RestoreAsync(File, redis.Options(), Agreement, files => files.Single().Bytes, NullLoggerFactory.Instance, Token);
}
