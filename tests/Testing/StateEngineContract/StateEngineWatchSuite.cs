using KubeAspire.StateStore;
using Xunit;

namespace KubeAspire.Testing.StateEngineContract;

/// <summary>Watches: ordered, unique, complete, resumable, bookmarked, or compacted and never silent.</summary>
public abstract class StateEngineWatchSuite(IContractStore store) : StateEngineSuite(store)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task FromZero_TellsAllThatHappened_WithThePreviousStates()
    {
        var a = await Create(StateObjects.Pod("a"), "1");
        a = await Update(a, "2");
        await Delete(a);
        using var watch = Engine.Watch(Pods, 0);
        var batch = await Next(watch);
        Assert.Equal(["+2", "~3", "-4"], batch.Events.Select(Sign));
        Assert.Equal(["", StateObjects.Stored("1", 2), StateObjects.Stored("2", 3)], batch.Events.Select(change => change.Previous.Text()));
        Assert.Equal(StateObjects.Stored("2", 4), batch.Events[2].Entry.Text());
        Assert.Equal(4, batch.Revision);
    }

    [Fact]
    public async Task FromARevision_TellsWhatCameAfterIt()
    {
        var a = await Create(StateObjects.Pod("a"));
        a = await Update(a, "2");
        await Update(a, "3");
        using var watch = Engine.Watch(Pods, 3);
        Assert.Equal(["~4"], (await Next(watch)).Events.Select(Sign));
    }

    [Fact]
    public async Task FromNow_WaitsForTheNextChange()
    {
        var a = await Create(StateObjects.Pod("a"));
        using var watch = Engine.Watch(Pods, Engine.Revision);
        var next = Next(watch);
        Assert.False(next.IsCompleted);
        await Update(a, "2");
        Assert.Equal(["~3"], (await next).Events.Select(Sign));
    }

    [Fact]
    public async Task FromTheFuture_WaitsForIt_AndTellsNothingBefore()
    {
        using var watch = Engine.Watch(Pods, 3);
        var next = Next(watch);
        await Create(StateObjects.Pod("a"));
        await Create(StateObjects.Pod("b"));
        Assert.False(next.IsCompleted);
        await Create(StateObjects.Pod("c"));
        Assert.Equal(["+4"], (await next).Events.Select(Sign));
    }

    [Fact]
    public async Task FromTheFuture_TimesOutAtItsOwnRevision_NeverGoingBack()
    {
        using var watch = Engine.Watch(Pods, 10);
        var batch = await watch.NextAsync(TimeSpan.Zero, CancellationToken.None);
        Assert.Equal((StateReadOutcome.Ok, 10L, 0), (batch.Outcome, batch.Revision, batch.Events.Count));
    }

    [Fact]
    public async Task ARange_SeesOnlyItsOwnChanges_AndProgressesByOthers()
    {
        using var ns = Engine.Watch(new StateRange("pods", "a"), 1);
        using var one = Engine.Watch(new StateRange("pods", "a", "x"), 1);
        await Create(StateObjects.Pod("x", "b"));
        await Create(new StateKey("nodes", "", "x"));
        var quiet = await ns.NextAsync(TimeSpan.Zero, CancellationToken.None);
        Assert.Equal((0, 3L), (quiet.Events.Count, quiet.Revision));
        await Create(StateObjects.Pod("y", "a"));
        await Create(StateObjects.Pod("x", "a"));
        Assert.Equal(["+4", "+5"], (await Next(ns)).Events.Select(Sign));
        Assert.Equal(["+5"], (await Next(one)).Events.Select(Sign));
    }

    [Fact]
    public async Task NothingInTime_AnswersAnEmptyBatch_WithTheProgress()
    {
        using var watch = Engine.Watch(Pods, 1);
        var next = Next(watch);
        await Create(new StateKey("nodes", "", "n"));
        Clock.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.False(next.IsCompleted);
        Clock.Advance(TimeSpan.FromTicks(1));
        var batch = await next;
        Assert.Equal((StateReadOutcome.Ok, 0, 2L), (batch.Outcome, batch.Events.Count, batch.Revision));

        // A change between two waits is not lost.
        await Create(StateObjects.Pod("a"));
        Assert.Equal(["+3"], (await Next(watch)).Events.Select(Sign));
    }

    [Fact]
    public async Task AnEarlierWaitsTimer_DoesNotEndALaterWait()
    {
        using var watch = Engine.Watch(Pods, 1);
        var first = Next(watch);
        Clock.Advance(TimeSpan.FromSeconds(50));
        await Create(StateObjects.Pod("a"));
        await first;
        var second = Next(watch);
        Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(second.IsCompleted);
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty((await second).Events);
    }

    [Fact]
    public async Task Cancellation_EndsTheWait_AndTheWatchGoesOn()
    {
        using var watch = Engine.Watch(Pods, 1);
        using var source = new CancellationTokenSource();
        var next = watch.NextAsync(Minute, source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await Create(StateObjects.Pod("a"));
        Assert.Equal(["+2"], (await Next(watch)).Events.Select(Sign));
    }

    [Fact]
    public async Task Disposal_EndsTheWait()
    {
        var watch = Engine.Watch(Pods, 1);
        var next = Next(watch);
        watch.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => next);
    }

    [Fact]
    public async Task ACompactedStart_IsSaid_NotSkipped()
    {
        var a = await Create(StateObjects.Pod("a"));
        a = await Update(a, "2");
        await Update(a, "3");
        await Engine.CompactAsync(3, CancellationToken.None);
        using var before = Engine.Watch(Pods, 2);
        Assert.Equal(StateReadOutcome.Compacted, (await Next(before)).Outcome);
        using var at = Engine.Watch(Pods, 3);
        Assert.Equal(["~4"], (await Next(at)).Events.Select(Sign));
    }

    [Fact]
    public async Task AWatchThatHasNotReadYet_IsCompactedAway_AWaitingOneIsNot()
    {
        using var slow = Engine.Watch(Pods, 1);
        using var waiting = Engine.Watch(new StateRange("pods", "quiet"), 1);
        var next = Next(waiting);
        await Create(StateObjects.Pod("a"));
        await Create(StateObjects.Pod("b"));
        await Engine.CompactAsync(3, CancellationToken.None);
        Assert.Equal(StateReadOutcome.Compacted, (await Next(slow)).Outcome);
        await Create(StateObjects.Pod("c", "quiet"));
        var batch = await next;
        Assert.Equal(StateReadOutcome.Ok, batch.Outcome);
        Assert.Equal(["+4"], batch.Events.Select(Sign));
    }

    [Fact]
    public async Task UnderManyWriters_EveryWatchSeesEveryRevisionOnce_InOrder()
    {
        const int Writers = 4, Each = 50, Watches = 4;
        var readers = Enumerable.Range(0, Watches).Select(_ => Task.Run(async () =>
        {
            using var watch = Engine.Watch(Pods, 1);
            var seen = new List<long>();
            while (seen.Count < Writers * Each)
            {
                var batch = await Next(watch);
                seen.AddRange(batch.Events.Select(change => change.Entry.Revision));
                Assert.True(batch.Revision >= seen[^1]);
            }

            return seen;
        })).ToList();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                await Create(StateObjects.Pod($"p{writer}-{i}"));
            }
        })));
        foreach (var seen in await Task.WhenAll(readers))
        {
            Assert.Equal(Enumerable.Range(2, Writers * Each).Select(revision => (long)revision), seen);
        }
    }

    [Fact]
    public async Task AnObjectMadeAgain_IsACreate_WithoutAPreviousState()
    {
        await Delete(await Create(StateObjects.Pod("a"), "1"));
        await Create(StateObjects.Pod("a"), "2");
        using var watch = Engine.Watch(Pods, 1);
        var batch = await Next(watch);
        Assert.Equal(["+2", "-3", "+4"], batch.Events.Select(Sign));
        Assert.Equal(4, batch.Events[2].Entry.CreateRevision);
    }

    [Fact]
    public async Task FromZero_OfAStoreThatWasCompacted_IsCompacted_NotAPartOfWhatHappened()
    {
        await Create(StateObjects.Pod("a"));
        await Create(StateObjects.Pod("b"));
        await Engine.CompactAsync(2, CancellationToken.None);
        using var watch = Engine.Watch(Pods, 0);
        var batch = await Next(watch);
        Assert.Equal((StateReadOutcome.Compacted, 0), (batch.Outcome, batch.Events.Count));
    }

    [Fact]
    public async Task ADelete_RightAfterACompaction_IsTold_WithItsLastState()
    {
        var a = await Create(StateObjects.Pod("a"), "last");
        await Delete(a);
        await Engine.CompactAsync(a.Revision, CancellationToken.None);
        using var watch = Engine.Watch(Pods, a.Revision);
        var change = Assert.Single((await Next(watch)).Events);
        Assert.Equal((true, 3L, StateObjects.Stored("last", 3), StateObjects.Stored("last", 2)), (change.Deleted, change.Entry.Revision, change.Entry.Text(), change.Previous.Text()));
    }

    [Fact]
    public async Task AWatchThatReadsLate_IsToldAll()
    {
        using var watch = Engine.Watch(Pods, Engine.Revision);
        var a = await Create(StateObjects.Pod("a"));
        Clock.Advance(Minute);
        await Delete(a);
        Clock.Advance(Minute);
        Assert.Equal(["+2", "-3"], (await Next(watch)).Events.Select(Sign));
    }

    [Fact]
    public async Task ManyChanges_ResumedAtEachBatchsRevision_ComeOnceEach()
    {
        const int Changes = 900;
        var entry = await Create(StateObjects.Pod("a"), "0");
        for (var i = 1; i < Changes; i++)
        {
            entry = await Update(entry, $"{i}");
        }

        List<long> seen = [];
        for (var from = 1L; from < Engine.Revision;)
        {
            using var watch = Engine.Watch(Pods, from);
            var batch = await Next(watch);
            Assert.NotEmpty(batch.Events);
            Assert.True(batch.Revision >= batch.Events[^1].Entry.Revision);
            seen.AddRange(batch.Events.Select(change => change.Entry.Revision));
            from = batch.Revision;
        }

        Assert.Equal(Enumerable.Range(2, Changes).Select(revision => (long)revision), seen);
    }

    [Fact]
    public async Task WatchesOfOneRange_AreToldTheSame_InTheSameBytes()
    {
        using var first = Engine.Watch(Pods, 1);
        using var second = Engine.Watch(new StateRange("pods", "default"), 1);
        var entry = await Create(StateObjects.Pod("a"), "1");
        await Update(entry, "2");
        var (one, two) = (await Next(first), await Next(second));
        Assert.Equal(one.Events.Select(change => change.Entry.Text()), two.Events.Select(change => change.Entry.Text()));
        Assert.Equal(one.Revision, two.Revision);
    }

    [Fact]
    public async Task TheStoresEnd_EndsTheWaits()
    {
        using var watch = Engine.Watch(Pods, 1);
        var next = Next(watch);
        await Engine.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => next);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Next(watch));
    }

    private static Task<StateWatchBatch> Next(IStateWatch watch) => watch.NextAsync(Minute, CancellationToken.None).AsTask();

    private static string Sign(StateEvent change) => $"{(change.Deleted ? '-' : change.Previous is null ? '+' : '~')}{change.Entry.Revision}";
}
