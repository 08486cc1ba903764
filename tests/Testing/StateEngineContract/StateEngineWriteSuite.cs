using KubeAspire.StateStore;
using Xunit;

namespace KubeAspire.Testing.StateEngineContract;

/// <summary>Create, compare-and-swap, delete, get.</summary>
public abstract class StateEngineWriteSuite(IContractStore store) : StateEngineSuite(store)
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

    [Fact]
    public async Task ARevisionOfAnEarlierObjectOfTheName_IsAConflict_NotAMatch()
    {
        var first = await Create(StateObjects.Pod("a"), "first");
        await Delete(first);
        await Create(StateObjects.Pod("a"), "second");
        var update = await Engine.UpdateAsync(first.Key, StateObjects.Value("3"), first.Revision, CancellationToken.None);
        var delete = await Engine.DeleteAsync(first.Key, first.Revision, CancellationToken.None);
        Assert.Equal((StateOutcome.Conflict, StateOutcome.Conflict), (update.Outcome, delete.Outcome));
        Assert.Equal((4L, 4L), (update.Entry!.Revision, delete.Entry!.Revision));
        Assert.Equal(4, Engine.Revision);
    }

    [Fact]
    public async Task ADeleteThatConflicts_SucceedsWithTheEntryItWasAnswered()
    {
        var created = await Create(StateObjects.Pod("a"));
        await Update(created, "2");
        var late = await Engine.DeleteAsync(created.Key, created.Revision, CancellationToken.None);
        var tombstone = await Delete(late.Entry!);
        Assert.Equal((StateOutcome.Conflict, StateObjects.Stored("2", 4)), (late.Outcome, tombstone.Text()));
        Assert.Equal(StateOutcome.Missing, (await Engine.DeleteAsync(created.Key, tombstone.Revision, CancellationToken.None)).Outcome);
    }

    [Fact]
    public async Task OfManyRacingCreates_OneWins_AndTheOthersAreToldOfIt()
    {
        const int Racers = 16;
        var writes = await Task.WhenAll(Enumerable.Range(0, Racers).Select(i => Task.Run(async () =>
            await Engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value($"{i}"), CancellationToken.None))));
        var winner = Assert.Single(writes, write => write.Outcome == StateOutcome.Committed);
        Assert.Equal(Racers - 1, writes.Count(write => write.Outcome == StateOutcome.Exists));
        Assert.All(writes, write => Assert.Equal(winner.Entry.Text(), write.Entry.Text()));
        Assert.Equal(2, Engine.Revision);
    }

    [Fact]
    public async Task OfManyRacingDeletes_OneWins_AndTheOthersFindNothing()
    {
        const int Racers = 16;
        var entry = await Create(StateObjects.Pod("a"));
        var writes = await Task.WhenAll(Enumerable.Range(0, Racers).Select(_ => Task.Run(async () =>
            await Engine.DeleteAsync(entry.Key, entry.Revision, CancellationToken.None))));
        Assert.Single(writes, write => write.Outcome == StateOutcome.Committed);
        Assert.Equal(Racers - 1, writes.Count(write => write.Outcome == StateOutcome.Missing));
        Assert.Equal(3, Engine.Revision);
    }

    [Fact]
    public async Task RevisionsOfRacingWriters_HaveNoGap_AndEachWriterReadsItsOwnWrite()
    {
        const int Writers = 8, Each = 20;
        var revisions = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var own = new List<long>();
            for (var i = 0; i < Each; i++)
            {
                var entry = await Create(StateObjects.Pod($"p{writer}-{i}"));
                Assert.True(Engine.Revision >= entry.Revision);
                Assert.Equal(entry.Text(), (await Engine.GetAsync(entry.Key, CancellationToken.None)).Text());
                own.Add(entry.Revision);
            }

            Assert.Equal(own.Order(), own);
            return own;
        })));
        Assert.Equal(Enumerable.Range(2, Writers * Each).Select(revision => (long)revision), revisions.SelectMany(own => own).Order());
    }

    [Fact]
    public async Task ALargeObject_ComesBackByteForByte()
    {
        var text = new string('x', 1 << 20);
        await Create(StateObjects.Pod("a"), text);
        Assert.Equal(StateObjects.Stored(text, 2), (await Engine.GetAsync(StateObjects.Pod("a"), CancellationToken.None)).Text());
    }
}
