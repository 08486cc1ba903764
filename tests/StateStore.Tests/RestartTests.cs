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
        var a = await engine.CreateAsync(Objects.Pod("a"), Objects.Value("1"), none);
        Assert.Equal(StateOutcome.Committed, a.Outcome);
        var b = await engine.CreateAsync(Objects.Pod("b"), Objects.Value("1"), none);
        await engine.UpdateAsync(Objects.Pod("a"), Objects.Value("2"), a.Entry!.Revision, none);
        var deleted = await engine.DeleteAsync(Objects.Pod("b"), b.Entry!.Revision, none);
        Assert.Equal(Objects.Stored("1", 5), deleted.Entry.Text());

        engine = await store.ReopenAsync();

        Assert.Equal(5, engine.Revision);
        var read = await engine.GetAsync(Objects.Pod("a"), none);
        Assert.Equal(Objects.Stored("2", 4), read.Text());
        Assert.Equal(2, read!.CreateRevision);
        Assert.Null(await engine.GetAsync(Objects.Pod("b"), none));
        var page = await engine.ListAsync(new StateRange("pods"), 3, 0, null, none);
        Assert.Equal([Objects.Stored("1", 2), Objects.Stored("1", 3)], page.Entries.Select(entry => entry.Text()));

        using var watch = engine.Watch(new StateRange("pods"), 3);
        var batch = await watch.NextAsync(TimeSpan.Zero, none);
        Assert.Equal(
            [(4L, false, Objects.Stored("2", 4), Objects.Stored("1", 2)), (5L, true, Objects.Stored("1", 5), Objects.Stored("1", 3))],
            batch.Events.Select(change => (change.Entry.Revision, change.Deleted, change.Entry.Text(), change.Previous.Text())));
        Assert.Equal(5, batch.Revision);
    }
}
