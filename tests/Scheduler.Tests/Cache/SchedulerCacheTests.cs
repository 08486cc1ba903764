using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Cache;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Testing;

namespace KubeAspire.Scheduler.Tests.Cache;

public sealed class SchedulerCacheTests
{
    private readonly ManualClock _clock = new();
    private readonly ClusterSnapshot _snapshot = new();
    private readonly SchedulerCache _cache;

    public SchedulerCacheTests()
    {
        _cache = new SchedulerCache(_clock, TimeSpan.FromMinutes(15));
        _cache.SetNode(Worlds.Node("a"));
        _cache.SetNode(Worlds.Node("b"));
    }

    [Fact]
    public void AnAssumedPod_TakesItsRoom_UntilForgotten()
    {
        var pod = new PodInfo(Worlds.Pod("p", "cpu=1"));
        Assert.True(_cache.Assume(pod, "a"));
        Assert.False(_cache.Assume(pod, "b"));
        Assert.Equal(1000, MilliCpu("a"));
        _cache.Forget(pod.Uid);
        Assert.Equal(0, MilliCpu("a"));
    }

    [Fact]
    public void WhatTheWatchShows_GoesBeforeWhatWasAssumed()
    {
        _cache.Assume(new PodInfo(Worlds.Pod("p", "cpu=1")), "a");
        _cache.SetPod(Bound("p", "cpu=1", "b"));
        _cache.Forget("uid-p"); // A late refusal of the first binding: the pod is bound all the same.
        Assert.Equal((0, 1000, 0), (MilliCpu("a"), MilliCpu("b"), _cache.Assumed));
    }

    [Fact]
    public void ABindingThatIsNeverShown_Expires()
    {
        _cache.Assume(new PodInfo(Worlds.Pod("p", "cpu=1")), "a");
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1000, MilliCpu("a")); // Its binding is still under way.
        _cache.FinishBinding("uid-p");
        _clock.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromTicks(1));
        Assert.Equal(1000, MilliCpu("a"));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(0, MilliCpu("a"));
    }

    [Fact]
    public void ANodeThatComesBack_StillHasItsPods()
    {
        _cache.SetPod(Bound("p", "cpu=1", "a"));
        _cache.RemoveNode("a");
        _cache.Update(_snapshot);
        Assert.Null(_snapshot.Find("a"));
        _cache.SetNode(Worlds.Node("a"));
        Assert.Equal(1000, MilliCpu("a"));
        Assert.True(_cache.RemovePod("uid-p"));
        Assert.False(_cache.RemovePod("uid-p"));
        Assert.Equal(0, MilliCpu("a"));
    }

    [Fact]
    public void APodMaySeenBeforeItsNode()
    {
        _cache.SetPod(Bound("p", "cpu=1", "late"));
        _cache.Update(_snapshot);
        Assert.Equal(2, _snapshot.Nodes.Count);
        _cache.SetNode(Worlds.Node("late"));
        Assert.Equal(1000, MilliCpu("late"));
        Assert.Equal(4000, _snapshot.Find("late")!.Allocatable.MilliCpu);
    }

    private static PodInfo Bound(string name, string requests, string node)
    {
        var pod = Worlds.Pod(name, requests);
        return new PodInfo(pod with { Spec = pod.Spec with { NodeName = node } });
    }

    private long MilliCpu(string node)
    {
        _cache.Update(_snapshot);
        return _snapshot.Find(node)!.Requested.MilliCpu;
    }
}
