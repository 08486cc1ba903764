using System.Diagnostics;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.Testing;

namespace KubeAspire.ControllerRuntime.Tests.Queue;

public sealed class WorkQueueTests : IDisposable
{
    private static readonly ObjectKey A = new("default", "a");
    private static readonly ObjectKey B = new("default", "b");

    private readonly ManualClock _clock = new();
    private readonly WorkQueue _queue;

    public WorkQueueTests() => _queue = new WorkQueue("test", _clock);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task KeysComeInTheirOrder_AndEachOnce()
    {
        _queue.Add(A);
        _queue.Add(B);
        _queue.Add(A);

        Assert.Equal(2, _queue.Depth);
        Assert.Equal(A, (await TakeAsync()).Key);
        Assert.Equal(B, (await TakeAsync()).Key);
        Assert.Equal(0, _queue.Depth);
    }

    [Fact]
    public async Task AKeyAddedWhileWorkedOn_ComesAgainAfterCompletion_AndOnceOnly()
    {
        _queue.Add(A);
        await TakeAsync();
        _queue.Add(A);
        _queue.Add(A);
        Assert.Equal(0, _queue.Depth); // No second worker may have it.

        _queue.Complete(A);
        Assert.Equal(1, _queue.Depth);
        await TakeAsync();
        _queue.Complete(A);
        Assert.Equal(0, _queue.Depth);
    }

    [Fact]
    public async Task ATakerWaits_UntilAKeyComes()
    {
        var taking = _queue.TakeAsync(CancellationToken.None);
        Assert.False(taking.IsCompleted);

        _queue.Add(A);
        Assert.Equal(A, (await taking)!.Value.Key);
    }

    [Fact]
    public async Task ACancelledTaker_TakesNothing()
    {
        using var cancel = new CancellationTokenSource();
        var taking = _queue.TakeAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);

        _queue.Add(A);
        Assert.Equal(A, (await TakeAsync()).Key);
    }

    [Fact]
    public void AddAfter_KeepsTheKeyHidden_UntilTheInstantItIsDue()
    {
        _queue.AddAfter(A, TimeSpan.FromSeconds(30));

        _clock.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromTicks(1));
        Assert.Equal(0, _queue.Depth);

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, _queue.Depth);
    }

    [Fact]
    public async Task AddAfter_KeepsTheEarlierOfTwoInstants()
    {
        _queue.AddAfter(A, TimeSpan.FromSeconds(30));
        _queue.AddAfter(A, TimeSpan.FromSeconds(10));
        _queue.AddAfter(A, TimeSpan.FromSeconds(20));
        _queue.AddAfter(B, TimeSpan.FromSeconds(15));

        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(A, (await TakeAsync()).Key);
        _queue.Complete(A);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(B, (await TakeAsync()).Key);

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _queue.Depth); // The later instants of A were dropped, not merely late.
        Assert.Equal(0, _queue.Delayed);
    }

    [Fact]
    public void AddRateLimited_BacksOffByKey_UntilForgotten()
    {
        foreach (var milliseconds in new[] { 5, 10, 20, 40 })
        {
            _queue.AddRateLimited(A);
            _clock.Advance(TimeSpan.FromMilliseconds(milliseconds) - TimeSpan.FromTicks(1));
            Assert.Equal(0, _queue.Depth);
            _clock.Advance(TimeSpan.FromTicks(1));
            Assert.Equal(1, _queue.Depth);
            Drain();
        }

        Assert.Equal(4, _queue.FailuresOf(A));
        _queue.Forget(A);
        Assert.Equal(0, _queue.FailuresOf(A));
        _queue.AddRateLimited(A);
        _clock.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal(1, _queue.Depth);
    }

    [Fact]
    public void AddRateLimited_IsBoundOverallToo()
    {
        for (var i = 0; i < 150; i++)
        {
            _queue.AddRateLimited(new ObjectKey("", $"key-{i}"));
        }

        _clock.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal(100, _queue.Depth); // The burst.
        _clock.Advance(TimeSpan.FromMilliseconds(995));
        Assert.Equal(110, _queue.Depth); // And ten in a second.
    }

    [Fact]
    public async Task TheFirstTraceOfAKey_IsTheOneItsPassBelongsTo()
    {
        var (first, second) = (Trace(), Trace());
        _queue.Add(A);
        _queue.Add(A, first);
        _queue.Add(A, second);

        Assert.Equal(first, (await TakeAsync()).Cause);
        _queue.Add(A, second);
        _queue.Complete(A);
        Assert.Equal(second, (await TakeAsync()).Cause);

        _queue.AddRateLimited(A); // Refused: the retry is of the same trace.
        _queue.Complete(A);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(second, (await TakeAsync()).Cause);
    }

    [Fact]
    public async Task ShutDown_LetsTakersDrain_AndThenEndsThemAll()
    {
        var waiting = new[] { _queue.TakeAsync(CancellationToken.None), _queue.TakeAsync(CancellationToken.None) };
        _queue.ShutDown();
        Assert.All(await Task.WhenAll(waiting), item => Assert.Null(item));

        _queue.Add(A);
        Assert.Null(await _queue.TakeAsync(CancellationToken.None));
    }

    [Fact]
    public async Task WhatWaitedAtShutDown_IsStillHandedOut()
    {
        _queue.Add(A);
        _queue.ShutDown();
        Assert.Equal(A, (await TakeAsync()).Key);
        Assert.Null(await _queue.TakeAsync(CancellationToken.None));
    }

    /// <summary>Safety: never two workers on a key. Liveness: whoever added last sees a pass begin afterwards.</summary>
    [Fact]
    public async Task ManyWorkers_NeverShareAKey_AndLoseNoAdd()
    {
        const int Keys = 5, Adds = 2_000;
        var added = new int[Keys];
        var seen = new int[Keys];
        var busy = new int[Keys];
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (await _queue.TakeAsync(CancellationToken.None) is { } item)
            {
                var key = int.Parse(item.Key.Name);
                Assert.Equal(1, Interlocked.Increment(ref busy[key]));
                Volatile.Write(ref seen[key], Volatile.Read(ref added[key]));
                await Task.Yield();
                Interlocked.Decrement(ref busy[key]);
                _queue.Complete(item.Key);
            }
        })).ToArray();

        var random = new Random(7);
        for (var i = 0; i < Adds; i++)
        {
            var key = random.Next(Keys);
            Interlocked.Increment(ref added[key]);
            _queue.Add(new ObjectKey("", key.ToString()));
        }

        _queue.ShutDown();
        await Task.WhenAll(workers);
        Assert.Equal(added, seen);
    }

    private static ActivityContext Trace() => new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);

    private async Task<WorkItem> TakeAsync()
    {
        var taking = _queue.TakeAsync(CancellationToken.None);
        Assert.True(taking.IsCompleted, "no key waits");
        return (await taking)!.Value;
    }

    private void Drain()
    {
        while (_queue.Depth > 0)
        {
            var item = _queue.TakeAsync(CancellationToken.None).GetAwaiter().GetResult();
            _queue.Complete(item!.Value.Key);
        }
    }
}
