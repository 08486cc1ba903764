using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Events;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Client.Tests.Events;

public sealed class EventRecorderTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly FakeApiClient _api;
    private readonly EventRecorder _recorder;
    private readonly CancellationTokenSource _stop = new();
    private readonly Pod _pod;

    public EventRecorderTests()
    {
        _api = new FakeApiClient(_clock);
        _recorder = new EventRecorder(_api, "default-scheduler", null, _clock, NullLogger<EventRecorder>.Instance);
        _pod = _api.Seed(new Pod { Metadata = new ObjectMeta { Namespace = "shop", Name = "web" } });
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        _recorder.Dispose();
    }

    [Fact]
    public async Task TheSameAgain_RaisesTheCount()
    {
        _ = _recorder.RunAsync(_stop.Token);
        _recorder.Record(_pod, EventTypes.Warning, "FailedScheduling", "0/1 nodes are available");
        await UntilAsync(() => Events().Count == 1);
        _clock.Advance(TimeSpan.FromSeconds(10));
        _recorder.Record(_pod, EventTypes.Warning, "FailedScheduling", "0/1 nodes are available");
        await UntilAsync(() => Events()[0].Count == 2);

        var stored = Assert.Single(Events());
        Assert.Equal(TimeSpan.FromSeconds(10), stored.LastTimestamp - stored.FirstTimestamp);
        Assert.Equal(("Pod", "shop", "web", _pod.Metadata.Uid), (stored.InvolvedObject.Kind, stored.InvolvedObject.Namespace, stored.InvolvedObject.Name, stored.InvolvedObject.Uid));
        Assert.Equal("default-scheduler", stored.Source!.Component);
        Assert.StartsWith("web.", stored.Metadata.Name);
        Assert.Equal("shop", stored.Metadata.Namespace);
    }

    [Fact]
    public async Task AnEventThatExpired_BeginsAnew()
    {
        _ = _recorder.RunAsync(_stop.Token);
        _recorder.Record(_pod, EventTypes.Normal, "Scheduled", "a");
        await UntilAsync(() => Events().Count == 1);
        await _api.DeleteAsync<Event>("shop", Events()[0].Metadata.Name!, new DeleteOptions(), CancellationToken.None);
        _recorder.Record(_pod, EventTypes.Normal, "Scheduled", "a");
        await UntilAsync(() => Events().Count == 1);
        Assert.Equal(1, Events()[0].Count);
    }

    [Fact]
    public async Task ManyThatDifferInTheirMessage_BecomeOne()
    {
        _ = _recorder.RunAsync(_stop.Token);
        for (var i = 0; i < 15; i++)
        {
            _recorder.Record(_pod, EventTypes.Warning, "Unhealthy", $"try {i}");
        }

        await UntilAsync(() => Events().Sum(value => value.Count) == 15);
        Assert.Equal(10, Events().Count);
        var combined = Assert.Single(Events(), value => value.Count > 1);
        Assert.Equal((6, "(combined from similar events): try 14"), (combined.Count, combined.Message));
    }

    [Fact]
    public async Task AFlood_IsDropped_AndTricklesAfterwards()
    {
        _ = _recorder.RunAsync(_stop.Token);
        var other = _api.Seed(new Pod { Metadata = new ObjectMeta { Namespace = "shop", Name = "other" } });
        for (var i = 0; i < 100; i++)
        {
            _recorder.Record(_pod, EventTypes.Warning, "BackOff", "same");
        }

        _recorder.Record(other, EventTypes.Normal, "Last", "x");
        await UntilAsync(() => Events().Any(value => value.Reason == "Last"));
        Assert.Equal(25, Events().Single(value => value.Reason == "BackOff").Count);

        _clock.Advance(TimeSpan.FromSeconds(300));
        _recorder.Record(_pod, EventTypes.Warning, "BackOff", "same");
        await UntilAsync(() => Events().Single(value => value.Reason == "BackOff").Count == 26);
    }

    [Fact]
    public async Task ATroubledServer_IsAskedAgain_AndARefusalIsFinal()
    {
        _ = _recorder.RunAsync(_stop.Token);
        _api.FailNext("create", Event.ResourceType, new ApiError(ApiErrorReason.Forbidden, "namespace is being terminated"));
        _recorder.Record(_pod, EventTypes.Normal, "Refused", "x");
        _recorder.Record(_pod, EventTypes.Normal, "Kept", "x");
        await UntilAsync(() => Events().Count == 1);

        _api.ThrowNext("create", Event.ResourceType, new HttpRequestException("away"), times: 2);
        _recorder.Record(_pod, EventTypes.Normal, "Late", "x");
        for (var retry = 0; retry < 2; retry++)
        {
            await UntilAsync(() => _clock.ArmedTimers == 1);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }

        await UntilAsync(() => Events().Count == 2);
        Assert.DoesNotContain(Events(), value => value.Reason == "Refused");
    }

    [Fact]
    public void AFullQueue_DropsAndNeverBlocks()
    {
        for (var i = 0; i < EventRecorder.QueueMax + 7; i++)
        {
            _recorder.Record(_pod, EventTypes.Normal, "R", $"{i}");
        }

        Assert.Equal(7, _recorder.Dropped);
    }

    [Fact]
    public async Task ALongMessage_IsCutBetweenCharacters()
    {
        _ = _recorder.RunAsync(_stop.Token);
        _recorder.Record(_pod, EventTypes.Normal, "Long", string.Concat(Enumerable.Repeat("é", 2000)));
        await UntilAsync(() => Events().Count == 1);
        var message = Events()[0].Message!;
        Assert.True(System.Text.Encoding.UTF8.GetByteCount(message) <= EventRecorder.MessageBytesMax);
        Assert.EndsWith("é...", message);
    }

    private IReadOnlyList<Event> Events() => _api.All<Event>();

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
