using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Watching;

/// <summary>History is bounded by count, age and bytes; what falls out is compacted.</summary>
public sealed class HistoryBoundsTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task Count_KeepsTheLastChanges()
    {
        await using var store = await TemporaryStateEngine.OpenAsync(_clock, options => options.HistoryEvents = 5);
        await Write(store.Engine, 8);
        Assert.Equal((9, 4), (store.Engine.Revision, store.Engine.CompactedRevision));
        using var watch = store.Engine.Watch(new StateRange("pods"), 4);
        Assert.Equal(5, (await watch.NextAsync(TimeSpan.Zero, None)).Events.Count);
        Assert.Equal(StateReadOutcome.Compacted, (await store.Engine.ListAsync(new StateRange("pods"), 3, 0, null, None)).Outcome);

        // After a restart no more is known than before it.
        Assert.Equal(4, (await store.ReopenAsync()).CompactedRevision);
    }

    [Fact]
    public async Task Age_IsCountedFromTheCommit()
    {
        await using var store = await TemporaryStateEngine.OpenAsync(_clock, options => options.HistoryAge = TimeSpan.FromMinutes(10));
        await Write(store.Engine, 3);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Write(store.Engine, 1, "b");
        Assert.Equal(0, store.Engine.CompactedRevision);
        _clock.Advance(TimeSpan.FromTicks(1));
        await Write(store.Engine, 1, "c");
        Assert.Equal(4, store.Engine.CompactedRevision);
    }

    [Fact]
    public async Task Bytes_KeepAtLeastTheLastChange()
    {
        await using var store = await TemporaryStateEngine.OpenAsync(_clock, options => options.HistoryBytes = 1);
        await Write(store.Engine, 3);
        Assert.Equal(3, store.Engine.CompactedRevision);
    }

    [Fact]
    public async Task ARequestedCompaction_HoldsAfterARestart()
    {
        await using var store = await TemporaryStateEngine.OpenAsync(_clock);
        await Write(store.Engine, 5);
        await store.Engine.CompactAsync(4, None);
        Assert.Equal(4, (await store.ReopenAsync()).CompactedRevision);
        using var watch = store.Engine.Watch(new StateRange("pods"), 4);
        Assert.Equal(2, (await watch.NextAsync(TimeSpan.Zero, None)).Events.Count);
    }

    [Fact]
    public async Task AQuietNamespacesWatch_IsNotCompactedAway_ByABusyOne()
    {
        await using var store = await TemporaryStateEngine.OpenAsync(_clock, options => options.HistoryEvents = 2);
        using var watch = store.Engine.Watch(new StateRange("pods", "quiet"), 1);
        var next = watch.NextAsync(TimeSpan.FromMinutes(1), None).AsTask();
        await Write(store.Engine, 20);
        Assert.False(next.IsCompleted);
        await store.Engine.CreateAsync(StateObjects.Pod("a", "quiet"), StateObjects.Value("1"), None);
        var batch = await next;
        Assert.Equal((StateReadOutcome.Ok, 22L), (batch.Outcome, Assert.Single(batch.Events).Entry.Revision));
    }

    [Fact]
    public async Task ClosingTheEngine_EndsWaits_AndRefusesWrites()
    {
        await using var store = await TemporaryStateEngine.OpenAsync(_clock);
        using var watch = store.Engine.Watch(new StateRange("pods"), 1);
        var next = watch.NextAsync(TimeSpan.FromMinutes(1), None).AsTask();
        await store.Engine.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => next);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Write(store.Engine, 1));
    }

    private static async Task Write(EmbeddedStateEngine engine, int count, string prefix = "p")
    {
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(StateOutcome.Committed, (await engine.CreateAsync(StateObjects.Pod($"{prefix}{i}"), StateObjects.Value("1"), None)).Outcome);
        }
    }
}
