using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Queue;
using KubeAspire.Testing;

namespace KubeAspire.Scheduler.Tests.Queue;

public sealed class SchedulingQueueTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly SchedulingQueue _queue;

    public SchedulingQueueTests() => _queue = new SchedulingQueue(_clock, QueueTimes.Default);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task TheHighestPriorityGoesFirst_AndAmongEqualsTheFirst()
    {
        Add("a");
        Add("b");
        Add("urgent", priority: 10);
        Add("c");
        Assert.Equal(["urgent", "a", "b", "c"], [await TakeAsync(), await TakeAsync(), await TakeAsync(), await TakeAsync()]);
    }

    [Fact]
    public async Task ATakerWaits_UntilAPodComes()
    {
        var taking = _queue.TakeAsync(CancellationToken.None);
        Assert.False(taking.IsCompleted);
        Add("a");
        Assert.Equal("a", (await taking).Key.Name);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 8)]
    [InlineData(5, 10)]
    [InlineData(50, 10)]
    public void TheBackOff_Doubles(int attempts, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), QueueTimes.Default.BackoffAfter(attempts));

    [Fact]
    public async Task AnError_IsTriedAgainAfterTheBackOff()
    {
        Add("a");
        _queue.ReturnForRetry(await QueuedAsync());
        Assert.Equal((0, 1, 0), _queue.Counts);
        _clock.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.Equal((0, 1, 0), _queue.Counts);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((1, 0, 0), _queue.Counts);
        Assert.Equal(2, (await QueuedAsync()).Attempts);
    }

    [Fact]
    public async Task Unschedulable_WaitsForAChangeThatMayHelp_AndForItsBackOff()
    {
        Add("a");
        _queue.ReturnUnschedulable(await QueuedAsync(), ClusterEvents.NodeAdded | ClusterEvents.PodGone);
        _queue.Wake(ClusterEvents.NodeTaints);
        Assert.Equal((0, 0, 1), _queue.Counts);
        _queue.Wake(ClusterEvents.PodGone);
        Assert.Equal((0, 1, 0), _queue.Counts);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((1, 0, 0), _queue.Counts);

        _queue.ReturnUnschedulable(await QueuedAsync(), ClusterEvents.NodeAdded);
        _clock.Advance(TimeSpan.FromSeconds(2));
        _queue.Wake(ClusterEvents.NodeAdded);
        Assert.Equal((1, 0, 0), _queue.Counts); // Its back-off was over: at once.
    }

    [Fact]
    public async Task AChangeDuringTheAttempt_IsNotMissed()
    {
        Add("a");
        var pod = await QueuedAsync();
        _queue.Wake(ClusterEvents.NodeAdded);
        _queue.ReturnUnschedulable(pod, ClusterEvents.NodeAdded);
        Assert.Equal((0, 1, 0), _queue.Counts);
    }

    [Fact]
    public async Task AfterFiveMinutes_APodIsTriedAllTheSame()
    {
        Add("a");
        _queue.ReturnUnschedulable(await QueuedAsync(), ClusterEvents.None);
        _clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.Equal((0, 0, 1), _queue.Counts);
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((1, 0, 0), _queue.Counts);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task AnUpdate_WakesItsPod_OnlyWhenItAsksForSomethingElse(long generation, bool wakes)
    {
        Add("a", generation: 1);
        _queue.ReturnUnschedulable(await QueuedAsync(), ClusterEvents.None);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Add("a", generation: generation);
        Assert.Equal(wakes ? (1, 0, 0) : (0, 0, 1), _queue.Counts);
    }

    [Fact]
    public async Task ARemovedPod_IsNowhere_AndMayComeBackAnew()
    {
        Add("a");
        Add("b");
        _queue.Remove(new ObjectKey("default", "a"));
        var pod = await QueuedAsync();
        Assert.Equal("b", pod.Key.Name);
        _queue.Remove(pod.Key);
        _queue.ReturnUnschedulable(pod, ClusterEvents.All);
        _queue.ReturnForRetry(pod);
        Assert.Equal((0, 0, 0), _queue.Counts);
        Add("b");
        Assert.Equal(1, (await QueuedAsync()).Attempts);
    }

    [Fact]
    public async Task ARaisedPriority_MovesAPodForward()
    {
        Add("a");
        Add("b");
        Add("b", priority: 5);
        Assert.Equal((2, 0, 0), _queue.Counts);
        Assert.Equal("b", await TakeAsync());
        Assert.Equal("a", await TakeAsync());
    }

    private void Add(string name, int priority = 0, long generation = 1) => _queue.AddOrUpdate(new Pod
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name, Generation = generation }, Spec = new PodSpec { Priority = priority },
    });

    private async Task<QueuedPod> QueuedAsync()
    {
        var taking = _queue.TakeAsync(CancellationToken.None);
        Assert.True(taking.IsCompleted, "no pod is active");
        return await taking;
    }

    private async Task<string> TakeAsync() => (await QueuedAsync()).Key.Name;
}
