using KubeAspire.StateStore;
using Xunit;

namespace KubeAspire.Testing.StateEngineContract;

/// <summary>Lists: order, ranges, pages, old revisions, compaction.</summary>
public abstract class StateEngineListSuite(IContractStore store) : StateEngineSuite(store)
{
    [Fact]
    public async Task AList_IsInOrdinalOrderOfNamespaceAndName()
    {
        foreach (var (ns, name) in new[] { ("b", "a"), ("a", "b"), ("a", "a-b"), ("a", "a"), ("a-a", "z"), ("a", "B") })
        {
            await Create(StateObjects.Pod(name, ns));
        }

        var page = await List(Pods);
        Assert.Equal(["a/B", "a/a", "a/a-b", "a/b", "a-a/z", "b/a"], page.Entries.Select(entry => $"{entry.Key.Namespace}/{entry.Key.Name}"));
        Assert.Equal((StateReadOutcome.Ok, 7L, false, 0L), (page.Outcome, page.Revision, page.More, page.Remaining));
    }

    [Fact]
    public async Task ARange_IsACollection_ANamespace_OrAnObject()
    {
        await Create(StateObjects.Pod("x", "a"));
        await Create(StateObjects.Pod("y", "a"));
        await Create(StateObjects.Pod("x", "ab"));
        await Create(new StateKey("nodes", "", "x"));
        Assert.Equal(["x", "y"], Names(await List(new StateRange("pods", "a"))));
        Assert.Equal(["x"], Names(await List(new StateRange("pods", "a", "x"))));
        Assert.Equal(["x", "x"], Names(await List(new StateRange("pods", null, "x"))));
        Assert.Equal(["x"], Names(await List(new StateRange("nodes"))));
        Assert.Empty((await List(new StateRange("pods", "b"))).Entries);
        Assert.Empty((await List(new StateRange("secrets"))).Entries);
    }

    [Fact]
    public async Task AnEmptyList_HasTheStoresRevision()
    {
        await Create(StateObjects.Pod("a"));
        Assert.Equal(2, (await List(new StateRange("secrets"))).Revision);
    }

    [Fact]
    public async Task Pages_AtTheFirstPagesRevision_ShowOneMoment_WhateverIsWrittenMeanwhile()
    {
        var entries = new List<StateEntry>();
        for (var i = 0; i < 25; i++)
        {
            entries.Add(await Create(StateObjects.Pod($"p{i:d2}"), "old"));
        }

        var page = await List(Pods, limit: 10);
        Assert.Equal((10, true, 15L, 26L), (page.Entries.Count, page.More, page.Remaining, page.Revision));
        var seen = page.Entries.ToList();
        await Delete(entries[12]);
        await Update(entries[20], "new");
        await Create(StateObjects.Pod("p11a"), "new");
        await Create(StateObjects.Pod("p99"), "new");

        page = await List(Pods, page.Revision, 10, seen[^1].Key);
        Assert.Equal((10, true, 5L, 26L), (page.Entries.Count, page.More, page.Remaining, page.Revision));
        seen.AddRange(page.Entries);
        page = await List(Pods, page.Revision, 10, seen[^1].Key);
        Assert.Equal((5, false, 0L), (page.Entries.Count, page.More, page.Remaining));
        seen.AddRange(page.Entries);
        Assert.Equal(entries.Select(entry => entry.Text()), seen.Select(entry => entry.Text()));
    }

    [Fact]
    public async Task PagesOfANamespace_CountOnlyIt()
    {
        foreach (var ns in new[] { "a", "b", "c" })
        {
            for (var i = 0; i < 5; i++)
            {
                await Create(StateObjects.Pod($"p{i}", ns));
            }
        }

        var page = await List(new StateRange("pods", "b"), limit: 2);
        Assert.Equal((3L, true), (page.Remaining, page.More));
        page = await List(new StateRange("pods", "b"), page.Revision, 3, page.Entries[^1].Key);
        Assert.Equal((0L, false), (page.Remaining, page.More));
        Assert.Equal(["p2", "p3", "p4"], Names(page));
    }

    [Fact]
    public async Task AListAtARevision_ShowsExactlyThatRevision()
    {
        var a = await Create(StateObjects.Pod("a"), "1");
        var b = await Create(StateObjects.Pod("b"), "1");
        a = await Update(a, "2");
        await Delete(b);
        await Update(a, "3");
        (string Text, long Revision)[][] expected = [[], [("1", 2)], [("1", 2), ("1", 3)], [("2", 4), ("1", 3)], [("2", 4)], [("3", 6)]];
        for (var revision = 1; revision <= 6; revision++)
        {
            var page = await List(Pods, revision);
            Assert.Equal(revision, page.Revision);
            Assert.Equal(expected[revision - 1].Select(item => StateObjects.Stored(item.Text, item.Revision)), page.Entries.Select(entry => entry.Text()));
        }
    }

    [Fact]
    public async Task AListBeyondTheNewestRevision_IsFuture()
    {
        await Create(StateObjects.Pod("a"));
        Assert.Equal(StateReadOutcome.Future, (await List(Pods, 3)).Outcome);
    }

    [Fact]
    public async Task Compaction_ForgetsListsBeforeItsRevision_NotObjects()
    {
        var a = await Create(StateObjects.Pod("a"));
        a = await Update(a, "2");
        a = await Update(a, "3");
        await Engine.CompactAsync(3, CancellationToken.None);
        Assert.Equal(3, Engine.CompactedRevision);
        Assert.Equal(StateReadOutcome.Compacted, (await List(Pods, 2)).Outcome);
        Assert.Equal(StateObjects.Stored("2", 3), (await List(Pods, 3)).Entries[0].Text());
        Assert.Equal(StateObjects.Stored("3", 4), (await List(Pods)).Entries[0].Text());
        await Engine.CompactAsync(2, CancellationToken.None);
        Assert.Equal(3, Engine.CompactedRevision);
        await Engine.CompactAsync(1_000, CancellationToken.None);
        Assert.Equal(Engine.Revision, Engine.CompactedRevision);
    }

    [Fact]
    public async Task APage_GoesOnBehindAKeyThatIsGone()
    {
        await Create(StateObjects.Pod("a"));
        var b = await Create(StateObjects.Pod("b"));
        await Create(StateObjects.Pod("c"));
        await Delete(b);
        Assert.Equal(["c"], Names(await List(Pods, after: b.Key)));
        Assert.Empty((await List(Pods, after: StateObjects.Pod("z"))).Entries);
    }

    [Theory]
    [InlineData(1, true, 2)]
    [InlineData(2, true, 1)]
    [InlineData(3, false, 0)]
    [InlineData(4, false, 0)]
    public async Task ALimit_SaysWhetherAnythingFollows_AlsoAtAnOldRevision(int limit, bool more, int remaining)
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            await Create(StateObjects.Pod(name));
        }

        var newest = await List(Pods, limit: limit);
        await Create(StateObjects.Pod("a0"));
        var old = await List(Pods, 4, limit);
        Assert.Equal((more, (long)remaining, 4L), (newest.More, newest.Remaining, newest.Revision));
        Assert.Equal((more, (long)remaining, 4L), (old.More, old.Remaining, old.Revision));
        Assert.Equal(Names(newest), Names(old));
    }

    [Fact]
    public async Task PagesWhoseRevisionIsCompacted_AreRefused_AndMayGoOnAtTheNewest()
    {
        var entries = new List<StateEntry>();
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            entries.Add(await Create(StateObjects.Pod(name)));
        }

        var first = await List(Pods, limit: 2);
        await Delete(entries[2]);
        await Create(StateObjects.Pod("e"));
        await Engine.CompactAsync(Engine.Revision, CancellationToken.None);
        var refused = await List(Pods, first.Revision, 2, first.Entries[^1].Key);
        Assert.Equal((StateReadOutcome.Compacted, 0), (refused.Outcome, refused.Entries.Count));
        Assert.Equal(["d", "e"], Names(await List(Pods, 0, 2, first.Entries[^1].Key)));
    }

    [Fact]
    public async Task ACompactionAtADelete_LeavesNothingOfTheObject_AndOneBeforeIt_LeavesAll()
    {
        var a = await Create(StateObjects.Pod("a"));
        await Delete(a);
        await Create(StateObjects.Pod("b"));
        await Engine.CompactAsync(2, CancellationToken.None);
        Assert.Equal(["a"], Names(await List(Pods, 2)));
        Assert.Empty((await List(Pods, 3)).Entries);
        await Engine.CompactAsync(3, CancellationToken.None);
        Assert.Empty((await List(Pods, 3)).Entries);
        Assert.Equal(["b"], Names(await List(Pods, 4)));
        Assert.Equal(StateReadOutcome.Compacted, (await List(Pods, 2)).Outcome);
    }

    [Fact]
    public async Task AListUnderWriters_IsOfOneMoment_NotOlderThanWhatWasAcknowledged()
    {
        // The writer keeps b one behind a, or equal: any other pair is of two moments.
        const int Rounds = 100;
        var a = await Create(StateObjects.Pod("a"), "0");
        var b = await Create(StateObjects.Pod("b"), "0");
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i <= Rounds; i++)
            {
                a = await Update(a, $"{i}");
                b = await Update(b, $"{i}");
            }
        });
        for (var ended = false; !ended;)
        {
            ended = writing.IsCompleted;
            var acknowledged = Engine.Revision;
            var page = await List(Pods);
            Assert.True(page.Revision >= acknowledged);
            Assert.InRange(page.Entries[0].Revision - page.Entries[1].Revision, -1, 1);
            Assert.Equal(page.Revision, page.Entries.Max(entry => entry.Revision));
        }

        await writing;
    }
}
