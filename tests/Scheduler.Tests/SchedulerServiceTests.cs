using System.Collections.Concurrent;
using System.Diagnostics;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Explain;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Scheduler.Tests;

/// <summary>The whole scheduler against an API server in memory.</summary>
public sealed class SchedulerServiceTests : IAsyncDisposable
{
    private readonly ManualClock _clock = new();
    private readonly FakeApiClient _api;
    private readonly RecordedEvents _events = new();
    private readonly DecisionMemory _memory = new(100);
    private readonly CancellationTokenSource _stop = new();
    private readonly SchedulerService _scheduler;
    private Task _running = Task.CompletedTask;

    public SchedulerServiceTests()
    {
        _api = new FakeApiClient(_clock);
        _scheduler = new SchedulerService(
            _api, new InformerFactory(_api, _clock, NullLogger<InformerFactory>.Instance, 1), _events, _memory, new SoleLeadership(), new SchedulerOptions(),
            _clock, new Random(1), NullLogger<SchedulerService>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(20));
        _scheduler.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task APod_IsBound_AndTold()
    {
        _api.Seed(Worlds.Node("node-1"));
        Start();
        await CreateAsync(Worlds.Pod("web", "cpu=1"));
        await UntilAsync(() => _events.All.Count == 1);

        Assert.Equal("node-1", Pod("web").Spec.NodeName);
        Assert.Equal(("Normal", "Scheduled", "Successfully assigned default/web to node-1"), (_events.All[0].Type, _events.All[0].Reason, _events.All[0].Message));
        Assert.Equal("node-1", _memory.Find(new ObjectKey("default", "web"))!.Decision.Node);
    }

    [Fact]
    public async Task APodThatFitsNowhere_SaysWhy_AndGoesWhereItMayOnceItCan()
    {
        _api.Seed(Worlds.Node("node-1", "cpu=1,memory=1Gi,pods=10"));
        Start();
        await CreateAsync(Worlds.Pod("big", "cpu=2"));
        await UntilAsync(() => Pod("big").Status.Conditions?.Count == 1);

        var condition = Pod("big").Status.Conditions![0];
        Assert.Equal(
            ("PodScheduled", "False", "Unschedulable", "0/1 nodes are available: 1 Insufficient cpu."),
            (condition.Type, condition.Status, condition.Reason, condition.Message));
        var told = Assert.Single(_events.All);
        Assert.Equal(("Warning", "FailedScheduling"), (told.Type, told.Reason));
        Assert.Equal("0/1 nodes are available: 1 Insufficient cpu. node-1: Insufficient cpu (asks for 2000m cpu, 1000m of 1000m free).", told.Message);

        await UntilAsync(() => _scheduler.Waiting == (0, 0, 1)); // Its own condition does not wake it.
        _api.Seed(Worlds.Node("node-2", "cpu=4,memory=1Gi,pods=10"));
        await UntilAsync(() => _scheduler.Waiting == (0, 1, 0));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => Pod("big").Spec.NodeName == "node-2");
        Assert.Equal(2, _memory.Find(new ObjectKey("default", "big"))!.Attempt);
    }

    [Fact]
    public async Task APodThatEnds_MakesRoomForAnother()
    {
        _api.Seed(Worlds.Node("node-1", "cpu=1,memory=1Gi,pods=10"));
        Start();
        await CreateAsync(Worlds.Pod("first", "cpu=1"));
        await UntilAsync(() => Pod("first").Spec.NodeName is not null);
        await CreateAsync(Worlds.Pod("second", "cpu=1"));
        await UntilAsync(() => _scheduler.Waiting == (0, 0, 1));

        var first = Pod("first");
        await _api.UpdateStatusAsync(first with { Status = first.Status with { Phase = "Succeeded" } }, CancellationToken.None);
        await UntilAsync(() => _scheduler.Waiting == (0, 1, 0));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => Pod("second").Spec.NodeName == "node-1");
    }

    [Fact]
    public async Task ABindingThatIsRefused_IsForgotten_AndTriedAgain()
    {
        _api.Seed(Worlds.Node("node-1", "cpu=1,memory=1Gi,pods=10"));
        _api.FailNext("create/binding", null, new ApiError(ApiErrorReason.Conflict, "someone else was first"));
        Start();
        await CreateAsync(Worlds.Pod("web", "cpu=1"));
        await UntilAsync(() => _scheduler.Waiting == (0, 1, 0));
        Assert.Null(Pod("web").Spec.NodeName);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => Pod("web").Spec.NodeName == "node-1"); // Had it stayed assumed, there were no room.
    }

    [Fact]
    public async Task ABindingWhoseAnswerIsLost_IsNotDoneTwice()
    {
        _api.Seed(Worlds.Node("node-1"));
        _api.ThrowNext("create/binding", null, new HttpRequestException("connection reset"), afterwards: true);
        Start();
        await CreateAsync(Worlds.Pod("web", "cpu=1"));
        await UntilAsync(() => Pod("web").Spec.NodeName == "node-1");
        await UntilAsync(() => _scheduler.Waiting == (0, 0, 0)); // The watch showed it bound.
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Single(_api.Actions, action => action.Resource == "pods/binding");
    }

    [Fact]
    public async Task OnlyOurPods_WithoutGates_AreScheduled()
    {
        _api.Seed(Worlds.Node("node-1"));
        Start();
        var foreign = Worlds.Pod("foreign");
        await CreateAsync(foreign with { Spec = foreign.Spec with { SchedulerName = "other" } });
        var gated = Worlds.Pod("gated");
        await CreateAsync(gated with { Spec = gated.Spec with { SchedulingGates = [new PodSchedulingGate { Name = "wait" }] } });
        await CreateAsync(Worlds.Pod("web"));
        await UntilAsync(() => Pod("web").Spec.NodeName is not null);
        Assert.Null(Pod("foreign").Spec.NodeName);
        Assert.Null(Pod("gated").Spec.NodeName);

        var waiting = Pod("gated");
        await _api.UpdateAsync(waiting with { Spec = waiting.Spec with { SchedulingGates = null } }, CancellationToken.None);
        await UntilAsync(() => Pod("gated").Spec.NodeName is not null);
    }

    [Fact]
    public async Task AHundredPods_ForRoomOfSixty_FillItExactly_WhateverFails()
    {
        var random = new Random(42);
        for (var i = 0; i < 6; i++)
        {
            _api.Seed(Worlds.Node($"node-{i}", "cpu=10,memory=100Gi,pods=50"));
        }

        for (var i = 0; i < 10; i++)
        {
            _api.ThrowNext("create/binding", null, new HttpRequestException("reset"), afterwards: random.Next(2) == 0);
            _api.FailNext("create/binding", null, new ApiError(ApiErrorReason.InternalError, "no"));
        }

        Start();
        for (var i = 0; i < 100; i++)
        {
            await CreateAsync(Worlds.Pod($"p{i}", "cpu=1"));
        }

        await UntilAsync(() =>
        {
            // Time passes only once all is said: no attempt is under way and the watch has shown every binding.
            var bound = _api.All<Pod>().Count(pod => pod.Spec.NodeName is not null);
            var (active, backoff, unschedulable) = _scheduler.Waiting;
            if (active == 0 && bound + backoff + unschedulable == 100)
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
            }

            return bound == 60 && backoff == 0 && unschedulable == 40;
        });
        Assert.All(_api.All<Pod>().Where(pod => pod.Spec.NodeName is not null).CountBy(pod => pod.Spec.NodeName!), node => Assert.Equal(10, node.Value));
        Assert.Equal(60, _api.Actions.Count(action => action.Resource == "pods/binding"));
    }

    [Fact]
    public async Task TheAttempt_IsPartOfThePodsTrace()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "KubeAspire.Scheduler",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        _api.Seed(Worlds.Node("node-1"));
        _api.Seed(Worlds.Node("small", "cpu=100m,memory=1Gi,pods=10"));
        Start();
        var pod = Worlds.Pod("traced", "cpu=1");
        var trace = ActivityTraceId.CreateRandom();
        await CreateAsync(pod with
        {
            Metadata = pod.Metadata with { Annotations = new Dictionary<string, string> { [Tracing.Annotation] = $"00-{trace}-00f067aa0ba902b7-01" } },
        });
        await UntilAsync(() => spans.Any(span => span.TraceId == trace));

        var found = spans.Single(span => span.TraceId == trace);
        Assert.Equal(("schedule pod", "00f067aa0ba902b7"), (found.OperationName, found.ParentSpanId.ToString()));
        Assert.Equal(("traced", "node-1"), (found.GetTagItem("k8s.pod.name"), found.GetTagItem("k8s.node.name")));
        Assert.Contains(found.Events, happened => happened.Name == "filtered" && happened.Tags.Contains(new("reason", "Insufficient cpu")));
    }

    [Fact]
    public async Task Registered_ItRunsAsAHostedService()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Scheduler:NodesInEvent"] = "3" }).Build());
        services.AddSingleton<TimeProvider>(_clock);
        services.AddScheduler(_ => _api);
        await using var provider = services.BuildServiceProvider();
        _api.Seed(Worlds.Node("node-1"));
        _api.Seed(Worlds.Pod("web"));
        foreach (var hosted in provider.GetServices<IHostedService>())
        {
            await hosted.StartAsync(CancellationToken.None);
        }

        await UntilAsync(() => Pod("web").Spec.NodeName == "node-1" && _api.All<Event>().Count == 1);
        Assert.Equal("default-scheduler", _api.All<Event>()[0].Source!.Component);
        Assert.Equal("node-1", provider.GetRequiredService<ISchedulingExplanation>().Find(new ObjectKey("default", "web"))!.Decision.Node);
        foreach (var hosted in provider.GetServices<IHostedService>())
        {
            await hosted.StopAsync(CancellationToken.None);
        }
    }

    private void Start() => _running = _scheduler.RunAsync(_stop.Token);

    private async Task CreateAsync(Pod pod) => Assert.True((await _api.CreateAsync(pod, CancellationToken.None)).Succeeded);

    private Pod Pod(string name) => _api.Find<Pod>("default", name)!;

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
