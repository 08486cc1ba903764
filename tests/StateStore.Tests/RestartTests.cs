using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests;

public sealed class RestartTests
{
    [Fact]
    public async Task Restart_KeepsObjectsRevisionsAndHistory()
    {
        var none = CancellationToken.None;
        await using var store = await TemporaryStateEngine.OpenAsync();
        var engine = store.Engine;
        Assert.Equal(1, engine.Revision);
        var a = await engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), none);
        Assert.Equal(StateOutcome.Committed, a.Outcome);
        var b = await engine.CreateAsync(StateObjects.Pod("b"), StateObjects.Value("1"), none);
        await engine.UpdateAsync(StateObjects.Pod("a"), StateObjects.Value("2"), a.Entry!.Revision, none);
        var deleted = await engine.DeleteAsync(StateObjects.Pod("b"), b.Entry!.Revision, none);
        Assert.Equal(StateObjects.Stored("1", 5), deleted.Entry.Text());

        engine = await store.ReopenAsync();

        Assert.Equal(5, engine.Revision);
        var read = await engine.GetAsync(StateObjects.Pod("a"), none);
        Assert.Equal(StateObjects.Stored("2", 4), read.Text());
        Assert.Equal(2, read!.CreateRevision);
        Assert.Null(await engine.GetAsync(StateObjects.Pod("b"), none));
        var page = await engine.ListAsync(new StateRange("pods"), 3, 0, null, none);
        Assert.Equal([StateObjects.Stored("1", 2), StateObjects.Stored("1", 3)], page.Entries.Select(entry => entry.Text()));

        using var watch = engine.Watch(new StateRange("pods"), 3);
        var batch = await watch.NextAsync(TimeSpan.Zero, none);
        Assert.Equal(
            [(4L, false, StateObjects.Stored("2", 4), StateObjects.Stored("1", 2)), (5L, true, StateObjects.Stored("1", 5), StateObjects.Stored("1", 3))],
            batch.Events.Select(change => (change.Entry.Revision, change.Deleted, change.Entry.Text(), change.Previous.Text())));
        Assert.Equal(5, batch.Revision);
    }
}
