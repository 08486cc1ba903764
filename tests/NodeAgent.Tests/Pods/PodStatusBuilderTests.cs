using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Tests.Pods;

public sealed class PodStatusBuilderTests
{
    [Fact]
    public void NothingYet_IsPendingAndCreating()
    {
        var status = Build(PodsOf.Pod(), ObservedPod.Empty, podIP: null);
        Assert.Equal("Pending", status.Phase);
        Assert.Equal("ContainerCreating", status.ContainerStatuses![0].State!.Waiting!.Reason);
        Assert.Equal("False", Condition(status, "PodReadyToStartContainers").Status);
        Assert.Equal("containers with unready status: [c]", Condition(status, "Ready").Message);
        Assert.Equal("True", Condition(status, "Initialized").Status);
    }

    [Fact]
    public void Running_IsReady_WithAddressAndIds()
    {
        var status = Build(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running(attempt: 2), PodsOf.Exited(3, attempt: 1)]));
        var container = status.ContainerStatuses![0];
        Assert.Equal(("Running", "10.0.0.1", 2, true, true), (status.Phase, status.PodIP, container.RestartCount, container.Ready, container.Started));
        Assert.Equal("docker://c-2", container.ContainerID);
        Assert.Equal("docker://sha256:1", container.ImageID);
        Assert.Equal(3, container.LastState!.Terminated!.ExitCode);
        Assert.All(new[] { "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady" }, type => Assert.Equal("True", Condition(status, type).Status));
    }

    [Fact]
    public void BackedOff_IsWaitingWithUpstreamsWords()
    {
        var ended = PodsOf.Exited(1, attempt: 3);
        var status = Build(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(), ended]), backedOff: new() { ["c"] = new BackedOff(TimeSpan.FromSeconds(80), PodsOf.Now) });
        var container = status.ContainerStatuses![0];
        Assert.Equal("Running", status.Phase);
        Assert.Equal("CrashLoopBackOff", container.State!.Waiting!.Reason);
        Assert.Equal("back-off 1m20s restarting failed container=c pod=web_default(0000-1)", container.State.Waiting.Message);
        Assert.Equal(("Error", 1), (container.LastState!.Terminated!.Reason, container.LastState.Terminated.ExitCode));
        Assert.Equal(3, container.RestartCount);
    }

    [Theory]
    [InlineData("ErrImagePull")]
    [InlineData("ImagePullBackOff")]
    [InlineData("CreateContainerConfigError")]
    public void Refused_IsPendingWithTheReason(string reason)
    {
        var status = Build(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox()]), waiting: new() { ["c"] = new WaitingReason(reason, "why") });
        Assert.Equal(("Pending", reason, "why"), (status.Phase, status.ContainerStatuses![0].State!.Waiting!.Reason, status.ContainerStatuses[0].State!.Waiting!.Message));
    }

    [Fact]
    public void InitContainers_AreToldApart()
    {
        var pod = PodsOf.Pod(init: [new Container { Name = "i1" }, new Container { Name = "i2" }]);
        var status = Build(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Exited(0, "i1"), PodsOf.Running("i2")]));
        Assert.Equal("Pending", status.Phase);
        Assert.Equal("PodInitializing", status.ContainerStatuses![0].State!.Waiting!.Reason);
        Assert.Equal("containers with incomplete status: [i2]", Condition(status, "Initialized").Message);
        Assert.True(status.InitContainerStatuses![0].Ready);
    }

    [Fact]
    public void TransitionTimes_MoveOnlyWithTheStatus_AndForeignConditionsStay()
    {
        var before = PodsOf.Now.AddHours(-1);
        var pod = PodsOf.Pod() with
        {
            Status = new PodStatus
            {
                Conditions =
                [
                    new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = before },
                    new PodCondition { Type = "ContainersReady", Status = "False", LastTransitionTime = before },
                    new PodCondition { Type = "PodScheduled", Status = "True", LastTransitionTime = before },
                ],
            },
        };
        var status = Build(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running()]));
        Assert.Equal(before, Condition(status, "Ready").LastTransitionTime);
        Assert.Equal(PodsOf.Now, Condition(status, "ContainersReady").LastTransitionTime);
        Assert.Equal(before, Condition(status, "PodScheduled").LastTransitionTime);
    }

    [Fact]
    public void ReadinessGate_HoldsThePodBack()
    {
        var pod = PodsOf.Pod();
        pod = pod with { Spec = pod.Spec with { ReadinessGates = [new PodReadinessGate { ConditionType = "example.com/gate" }] } };
        var status = Build(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running()]));
        Assert.Equal("True", Condition(status, "ContainersReady").Status);
        Assert.Equal(("False", "ReadinessGatesNotReady"), (Condition(status, "Ready").Status, Condition(status, "Ready").Reason));
    }

    [Fact]
    public void Succeeded_IsCompletedNotUnready()
    {
        var status = Build(PodsOf.Pod("Never"), ObservedPod.From([PodsOf.Exited(0)]), terminal: true);
        Assert.Equal(("Succeeded", "PodCompleted", "Completed"), (status.Phase, Condition(status, "Ready").Reason, status.ContainerStatuses![0].State!.Terminated!.Reason));
    }

    private static PodCondition Condition(PodStatus status, string type) => status.Conditions!.Single(one => one.Type == type);

    private static PodStatus Build(
        Pod pod, ObservedPod observed, string? podIP = "10.0.0.1", Dictionary<string, BackedOff>? backedOff = null, Dictionary<string, WaitingReason>? waiting = null, bool terminal = false) =>
        PodStatusBuilder.Build(new PodStatusInput
        {
            Pod = pod,
            Observed = observed,
            BackedOff = backedOff ?? [],
            Waiting = waiting ?? [],
            Probe = _ => ProbeView.Healthy,
            PodIP = podIP,
            HostIP = "10.0.0.2",
            Terminal = terminal,
            Now = PodsOf.Now,
        });
}
