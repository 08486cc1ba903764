using System.Collections.Concurrent;
using System.Diagnostics;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.ControllerRuntime.Tests.Reconciling;

public sealed class ControllerHostTests : IDisposable
{
    private static readonly ObjectKey Good = new("default", "good");
    private static readonly ObjectKey Bad = new("default", "bad");
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly ManualClock _clock = new();
    private readonly WorkQueue _queue;
    private readonly CancellationTokenSource _stop = new();

    public ControllerHostTests() => _queue = new WorkQueue("test", _clock);

    public void Dispose()
    {
        _queue.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task APoisonedObject_IsRetriedWithBackOff_AndStopsNoOther()
    {
        var passes = new Passes((key, number) => key == Bad && number < 3 ? throw new InvalidOperationException("poison") : ReconcileResult.Done);
        var running = Start(passes, workers: 1);

        _queue.Add(Bad);
        _queue.Add(Good);
        await passes.WaitForAsync(Good, 1);
        Assert.Equal(1, passes.Of(Bad));
        Assert.Equal(1, _queue.FailuresOf(Bad));

        _clock.Advance(TimeSpan.FromMilliseconds(5));
        await passes.WaitForAsync(Bad, 2);
        await UntilAsync(() => _queue.Delayed == 1);
        _clock.Advance(TimeSpan.FromMilliseconds(10));
        await passes.WaitForAsync(Bad, 3);
        await UntilAsync(() => _queue.FailuresOf(Bad) == 0); // Success forgets the failures.
        await StopAsync(running);
    }

    [Theory]
    [InlineData(ApiErrorReason.Conflict)]
    [InlineData(ApiErrorReason.Forbidden)]
    public async Task ARefusal_IsRetriedWithBackOff(ApiErrorReason reason)
    {
        var passes = new Passes((_, number) => number == 1 ? ReconcileResult.Failed(new ApiError(reason, "no")) : ReconcileResult.Done);
        var running = Start(passes, workers: 2);

        _queue.Add(Good);
        await passes.WaitForAsync(Good, 1);
        await UntilAsync(() => _queue.Delayed == 1);
        _clock.Advance(TimeSpan.FromMilliseconds(5));
        await passes.WaitForAsync(Good, 2);
        await StopAsync(running);
    }

    [Fact]
    public async Task After_ComesBackOnTime_WithoutCountingAsAFailure()
    {
        var passes = new Passes((_, number) => number == 1 ? ReconcileResult.After(TimeSpan.FromMinutes(1)) : ReconcileResult.Done);
        var running = Start(passes, workers: 1);

        _queue.Add(Good);
        await passes.WaitForAsync(Good, 1);
        await UntilAsync(() => _queue.Delayed == 1);
        Assert.Equal(0, _queue.FailuresOf(Good));
        _clock.Advance(TimeSpan.FromMinutes(1));
        await passes.WaitForAsync(Good, 2);
        await StopAsync(running);
    }

    [Fact]
    public async Task APassThatHangs_IsCutShort_AndRetried()
    {
        var passes = new Passes((_, number) => ReconcileResult.Done) { HangsOn = 1 };
        var running = Start(passes, workers: 1);

        _queue.Add(Good);
        await passes.WaitForAsync(Good, 1);
        _clock.Advance(TimeSpan.FromMinutes(5));
        await UntilAsync(() => _queue.Delayed == 1);
        _clock.Advance(TimeSpan.FromMilliseconds(5));
        await passes.WaitForAsync(Good, 2);
        await StopAsync(running);
    }

    [Fact]
    public async Task ThePassBelongsToTheTraceOfItsCause()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "KubeAspire.Controllers",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var cause = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var passes = new Passes((_, _) => ReconcileResult.Done);
        var running = Start(passes, workers: 1);

        _queue.Add(Good, cause);
        await passes.WaitForAsync(Good, 1);
        await StopAsync(running);

        var span = Assert.Single(spans, span => span.TraceId == cause.TraceId);
        Assert.Equal("reconcile Thing", span.OperationName);
        Assert.Equal(cause.SpanId, span.ParentSpanId);
        Assert.Equal("default", span.GetTagItem("k8s.namespace.name"));
    }

    [Fact]
    public async Task LosingLeadership_StopsTheWorkers_AndRegainingItFindsEveryKey()
    {
        using var leadership = new SwitchedLeadership();
        var passes = new Passes((_, _) => ReconcileResult.Done) { HangsOn = 1 };
        var running = Start(passes, workers: 1, leadership);

        _queue.Add(Good);
        Assert.Equal(0, passes.Of(Good));
        leadership.Grant();
        await passes.WaitForAsync(Good, 1);

        leadership.Revoke();
        await UntilAsync(() => leadership.Asked == 2);
        Assert.Equal(1, _queue.Depth); // The pass that was cut short waits again.
        leadership.Grant();
        await passes.WaitForAsync(Good, 2);
        await StopAsync(running);
    }

    [Fact]
    public async Task WorkersStart_OnlyWhenTheControllerIsReady()
    {
        var ready = new TaskCompletionSource();
        var passes = new Passes((_, _) => ReconcileResult.Done);
        var running = Start(passes, workers: 1, ready: ready.Task);

        _queue.Add(Good);
        Assert.Equal(1, _queue.Depth);
        ready.SetResult();
        await passes.WaitForAsync(Good, 1);
        await StopAsync(running);
    }

    private Task Start(IReconciler reconciler, int workers, ILeadership? leadership = null, Task? ready = null)
    {
        var controller = new Controller("thing", "Thing", reconciler, _queue)
        {
            Workers = workers, WhenReady = ready is null ? null : cancellationToken => ready.WaitAsync(cancellationToken),
        };
        var host = new ControllerHost("work", [controller], leadership ?? new SoleLeadership(), _clock, NullLogger<ControllerHost>.Instance);
        return host.RunAsync(_stop.Token);
    }

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(s_patience);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(s_patience);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class Passes(Func<ObjectKey, int, ReconcileResult> answer) : IReconciler
    {
        private readonly ConcurrentDictionary<ObjectKey, int> _count = new();

        public int HangsOn { get; init; }

        public int Of(ObjectKey key) => _count.GetValueOrDefault(key);

        public Task WaitForAsync(ObjectKey key, int passes) => UntilAsync(() => Of(key) >= passes);

        public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
        {
            var number = _count.AddOrUpdate(key, 1, (_, count) => count + 1);
            if (number == HangsOn)
            {
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            }

            return answer(key, number);
        }
    }

    private sealed class SwitchedLeadership : ILeadership, IDisposable
    {
        private readonly SemaphoreSlim _granted = new(0);
        private CancellationTokenSource _term = new();

        public int Asked { get; private set; }

        public void Grant() => _granted.Release();

        public void Revoke() => _term.Cancel();

        public void Dispose()
        {
            _granted.Dispose();
            _term.Dispose();
        }

        public async Task<CancellationToken> AcquireAsync(string work, CancellationToken cancellationToken)
        {
            Asked++;
            await _granted.WaitAsync(cancellationToken);
            _term = new CancellationTokenSource();
            return _term.Token;
        }
    }
}
