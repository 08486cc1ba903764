using KubeAspire.Testing;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Processes;

/// <summary>The store behind a process boundary: the same contract, and what a kill, a pause and a taken directory look like from outside.</summary>
public sealed class StoreProcessTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kubeaspire-process-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task EveryOperation_ReachesTheEngine()
    {
        await using var store = await StoreProcess.StartAsync(_directory.FullName, cancellationToken: Stop);
        var engine = store.Engine;
        var a = await engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), Stop);
        Assert.Equal((StateOutcome.Committed, StateObjects.Stored("1", 2)), (a.Outcome, a.Entry.Text()));
        Assert.Equal(StateOutcome.Exists, (await engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), Stop)).Outcome);
        Assert.Equal(StateOutcome.Conflict, (await engine.UpdateAsync(StateObjects.Pod("a"), StateObjects.Value("2"), 9, Stop)).Outcome);
        Assert.Equal(StateOutcome.Committed, (await engine.UpdateAsync(StateObjects.Pod("a"), StateObjects.Value("2"), 2, Stop)).Outcome);
        Assert.Equal(StateObjects.Stored("2", 3), (await engine.GetAsync(StateObjects.Pod("a"), Stop)).Text());
        Assert.Null(await engine.GetAsync(StateObjects.Pod("b"), Stop));
        using var watch = engine.Watch(new StateRange("pods"), 3);
        var waiting = watch.NextAsync(TimeSpan.FromMinutes(1), Stop);
        await engine.DeleteAsync(StateObjects.Pod("a"), 3, Stop);
        var batch = await waiting;
        Assert.Equal((true, 4L, 3L), (batch.Events[0].Deleted, batch.Revision, batch.Events[0].Previous!.Revision));
        var page = await engine.ListAsync(new StateRange("pods", "default"), 2, 5, null, Stop);
        Assert.Equal((StateReadOutcome.Ok, 2L, StateObjects.Stored("1", 2)), (page.Outcome, page.Revision, Assert.Single(page.Entries).Text()));
        await engine.CompactAsync(3, Stop);
        Assert.Equal((4L, 3L), (engine.Revision, engine.CompactedRevision));
        await Assert.ThrowsAsync<ArgumentException>(() => engine.CreateAsync(StateObjects.Pod(""), StateObjects.Value("1"), Stop).AsTask());
        using var soon = new CancellationTokenSource();
        var cancelled = watch.NextAsync(TimeSpan.FromMinutes(1), soon.Token);
        await soon.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.AsTask());
        Assert.Equal(0, await store.StopAsync(Stop));
    }

    [Fact]
    public async Task AKill_EndsCallsInFlight_AndWhatWasAnsweredIsThereAfterwards()
    {
        await using (var store = await StoreProcess.StartAsync(_directory.FullName, cancellationToken: Stop))
        {
            await store.Engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), Stop);
            using var watch = store.Engine.Watch(new StateRange("pods"), 2);
            var waiting = watch.NextAsync(TimeSpan.FromMinutes(1), Stop).AsTask();
            await store.KillAsync();
            Assert.True(store.HasExited);
            await Assert.ThrowsAsync<StoreProcessEndedException>(() => waiting);
            await Assert.ThrowsAsync<StoreProcessGoneException>(() => store.Engine.GetAsync(StateObjects.Pod("a"), Stop).AsTask());
        }

        await using var again = await StoreProcess.StartAsync(_directory.FullName, cancellationToken: Stop);
        Assert.NotNull(await again.Engine.GetAsync(StateObjects.Pod("a"), Stop));
    }

    [Fact]
    public async Task APausedProcess_AnswersNothing_AndGoesOnWhereItStood()
    {
        await using var store = await StoreProcess.StartAsync(_directory.FullName, cancellationToken: Stop);
        await store.PauseAsync(Stop);
        var write = store.Engine.CreateAsync(StateObjects.Pod("a"), StateObjects.Value("1"), Stop).AsTask();
        Assert.False(write.IsCompleted);
        store.Resume();
        Assert.Equal(StateOutcome.Committed, (await write).Outcome);
    }

    [Fact]
    public async Task ASecondProcess_OnOneDirectory_IsRefusedWithinASecond_NamingTheOwner()
    {
        await using var first = await StoreProcess.StartAsync(_directory.FullName, cancellationToken: Stop);
        var took = TimeSpan.MaxValue;
        for (var attempt = 0; attempt < 3 && took >= TimeSpan.FromSeconds(1); attempt++)
        {
            // Most of it is the start of a process, which a busy machine makes slow: the best of three counts.
            var started = TimeProvider.System.GetTimestamp();
            var refused = await Assert.ThrowsAsync<StoreProcessException>(() => StoreProcess.StartAsync(_directory.FullName, cancellationToken: Stop));
            took = TimeProvider.System.GetElapsedTime(started);
            Assert.Equal(3, refused.ExitCode);
            Assert.Contains($"in use by process {first.ProcessId}", refused.Message, StringComparison.Ordinal);
        }

        Assert.True(took < TimeSpan.FromSeconds(1), $"refused after {took.TotalMilliseconds} ms");
        await first.KillAsync();
        await using var third = await StoreProcess.StartAsync(_directory.FullName, cancellationToken: Stop);
    }
}
