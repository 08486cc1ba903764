using KubeAspire.StateStore;
using Xunit;

namespace KubeAspire.Testing.StateEngineContract;

/// <summary>Create, compare-and-swap, delete, get.</summary>
public abstract class StateEngineWriteSuite : StateEngineSuite
{
    [Fact]
    public void AnEmptyStore_IsAtRevisionOne_AndNothingIsCompacted()
    {
        Assert.Equal(1, Engine.Revision);
        Assert.True(Engine.CompactedRevision <= 1);
    }

    [Fact]
    public async Task Create_FillsTheRevisionIn_AndTakesTheNextOne()
    {
        var entry = await Create(StateObjects.Pod("a"), "x");
        Assert.Equal((2, 2), (entry.Revision, entry.CreateRevision));
        Assert.Equal(StateObjects.Stored("x", 2), entry.Text());
        Assert.Equal(2, Engine.Revision);
        Assert.Equal(StateObjects.Stored("x", 2), (await Engine.GetAsync(StateObjects.Pod("a"), CancellationToken.None)).Text());
    }

    [Fact]
    public async Task Create_OfATakenKey_AnswersTheCurrentEntry_AndTakesNoRevision()
    {
        await Create(StateObjects.Pod("a"), "first");
        var second = await Engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("second"), CancellationToken.None);
        Assert.Equal(StateOutcome.Exists, second.Outcome);
        Assert.Equal(StateObjects.Stored("first", 2), second.Entry.Text());
        Assert.Equal(2, Engine.Revision);
    }

    [Fact]
    public async Task AValueWithoutAGap_IsStoredAsItIs()
    {
        var write = await Engine.CreateAsync(StateObjects.Pod("a"), new StateValue("{}"u8.ToArray(), -1), CancellationToken.None);
        Assert.Equal("{}", write.Entry.Text());
        var gone = await Engine.DeleteAsync(StateObjects.Pod("a"), write.Entry!.Revision, CancellationToken.None);
        Assert.Equal("{}", gone.Entry.Text());
    }

    [Fact]
    public async Task Update_OfTheCurrentRevision_KeepsTheCreateRevision()
    {
        var created = await Create(StateObjects.Pod("a"));
        var updated = await Update(created, "2");
        Assert.Equal((2, 3), (updated.CreateRevision, updated.Revision));
        Assert.Equal(StateObjects.Stored("2", 3), updated.Text());
    }

    [Fact]
    public async Task Update_OfAnotherRevision_AnswersConflictWithTheCurrentEntry()
    {
        var created = await Create(StateObjects.Pod("a"));
        await Update(created, "2");
        foreach (var expected in new[] { created.Revision, 0, 99 })
        {
            var late = await Engine.UpdateAsync(created.Key, StateObjects.Value("3"), expected, CancellationToken.None);
            Assert.Equal(StateOutcome.Conflict, late.Outcome);
            Assert.Equal(StateObjects.Stored("2", 3), late.Entry.Text());
        }

        Assert.Equal(3, Engine.Revision);
    }

    [Fact]
    public async Task UpdateAndDelete_OfNothing_AnswerMissing()
    {
        Assert.Equal(new StateWrite(StateOutcome.Missing, null), await Engine.UpdateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), 1, CancellationToken.None));
        Assert.Equal(new StateWrite(StateOutcome.Missing, null), await Engine.DeleteAsync(StateObjects.Pod("a"), 1, CancellationToken.None));
        Assert.Equal(1, Engine.Revision);
    }

    [Fact]
    public async Task Delete_AnswersTheLastState_WithTheRevisionOfTheDelete()
    {
        var created = await Create(StateObjects.Pod("a"));
        for (var i = 0; i < 8; i++)
        {
            created = await Update(created, $"{i}");
        }

        // From one digit to two: the splice must not assume that the lengths agree.
        Assert.Equal(10, created.Revision);
        var recreated = await Create(StateObjects.Pod("b"), "x");
        var tombstone = await Delete(created);
        Assert.Equal((12, 2, StateObjects.Stored("7", 12)), (tombstone.Revision, tombstone.CreateRevision, tombstone.Text()));
        Assert.Equal(StateObjects.Stored("x", 13), (await Delete(recreated)).Text());
        Assert.Null(await Engine.GetAsync(created.Key, CancellationToken.None));
    }

    [Fact]
    public async Task Delete_OfAnotherRevision_AnswersConflict()
    {
        var created = await Create(StateObjects.Pod("a"));
        var write = await Engine.DeleteAsync(created.Key, created.Revision + 1, CancellationToken.None);
        Assert.Equal((StateOutcome.Conflict, 2L), (write.Outcome, write.Entry!.Revision));
    }

    [Fact]
    public async Task ARecreatedObject_HasANewCreateRevision()
    {
        await Delete(await Create(StateObjects.Pod("a")));
        Assert.Equal(4, (await Create(StateObjects.Pod("a"))).CreateRevision);
    }

    [Fact]
    public async Task KeysOfOtherCollectionsAndNamespaces_AreOtherKeys()
    {
        await Create(new StateKey("pods", "a", "x"), "pod a");
        await Create(new StateKey("pods", "b", "x"), "pod b");
        await Create(new StateKey("nodes", "", "x"), "node");
        Assert.Contains("pod b", (await Engine.GetAsync(new StateKey("pods", "b", "x"), CancellationToken.None)).Text(), StringComparison.Ordinal);
        Assert.Null(await Engine.GetAsync(new StateKey("nodes", "a", "x"), CancellationToken.None));
        Assert.Null(await Engine.GetAsync(new StateKey("secrets", "a", "x"), CancellationToken.None));
    }

    [Fact]
    public async Task OfManyRacingWriters_EachRevisionHasOneWinner()
    {
        const int Writers = 8, Rounds = 25;
        await Create(StateObjects.Pod("counter"), "0");
        var wins = await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            var won = 0;
            while (won < Rounds)
            {
                var current = await Engine.GetAsync(StateObjects.Pod("counter"), CancellationToken.None);
                var write = await Engine.UpdateAsync(current!.Key, StateObjects.Value("n"), current.Revision, CancellationToken.None);
                won += write.Outcome == StateOutcome.Committed ? 1 : 0;
            }

            return won;
        })));
        Assert.Equal(Writers * Rounds, wins.Sum());
        Assert.Equal(2 + (Writers * Rounds), Engine.Revision);
    }

    [Fact]
    public async Task ACancelledCall_WritesNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await Engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), new CancellationToken(canceled: true)));
        Assert.Equal(1, Engine.Revision);
    }
}
