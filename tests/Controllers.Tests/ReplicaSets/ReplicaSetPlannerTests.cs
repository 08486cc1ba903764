using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.ReplicaSets;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.ReplicaSets;

public sealed class ReplicaSetPlannerTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(3, 0, 3, 0)]
    [InlineData(3, 3, 0, 0)]
    [InlineData(1, 4, 0, 3)]
    [InlineData(0, 2, 0, 2)]
    [InlineData(2000, 0, 500, 0)]
    [InlineData(0, 700, 0, 500)]
    public void Plan_CountsLivePods_WithinTheBurst(int wanted, int live, int create, int delete)
    {
        var pods = Enumerable.Range(0, live).Select(i => Make.Pod($"p{i}")).ToList();
        var plan = ReplicaSetPlanner.Plan(Make.ReplicaSet(wanted), pods, pods, Now);
        Assert.Equal((create, delete), (plan.ToCreate, plan.ToDelete.Count));
    }

    [Fact]
    public void Plan_DoesNotCount_EndedAndLeavingPods()
    {
        var leaving = Make.Pod("leaving") with { Metadata = Make.Pod("leaving").Metadata with { DeletionTimestamp = Now } };
        var plan = ReplicaSetPlanner.Plan(Make.ReplicaSet(2), [Make.Pod("failed", phase: "Failed"), leaving], [], Now);
        Assert.Equal(2, plan.ToCreate);
    }

    [Fact]
    public void Plan_OfADeletedReplicaSet_DoesNothing()
    {
        var set = Make.ReplicaSet(3);
        var plan = ReplicaSetPlanner.Plan(set with { Metadata = set.Metadata with { DeletionTimestamp = Now } }, [], [], Now);
        Assert.Equal((0, 0), (plan.ToCreate, plan.ToDelete.Count));
    }

    public static TheoryData<string, Pod, Pod> Rankings() => new()
    {
        { "unassigned", Make.Pod("a", node: null), Make.Pod("b") },
        { "pending", Make.Pod("a", phase: "Pending"), Make.Pod("b") },
        { "not ready", Make.Pod("a", ready: false), Make.Pod("b") },
        { "cheaper", WithCost(Make.Pod("a"), "-5"), Make.Pod("b") },
        { "ready for less long", Make.Pod("a", since: Now.AddMinutes(-1)), Make.Pod("b", since: Now.AddHours(-9)) },
        { "restarts", WithRestarts(Make.Pod("a", since: Now.AddHours(-9)), 7), Make.Pod("b", since: Now.AddHours(-9)) },
    };

    [Theory]
    [MemberData(nameof(Rankings))]
    public void Ranked_GivesUpTheLessUsefulFirst(string why, Pod first, Pod second)
    {
        Assert.True(ReplicaSetPlanner.Ranked([second, first], [], Now).First() == first, why);
        Assert.True(ReplicaSetPlanner.Ranked([first, second], [], Now).First() == first, why);
    }

    [Fact]
    public void Ranked_GivesUpADoubledUpPodFirst()
    {
        var (alone, one, two) = (Make.Pod("alone", "node-2"), Make.Pod("one", "node-1"), Make.Pod("two", "node-1"));
        var ranked = ReplicaSetPlanner.Ranked([alone, one, two], [alone, one, two], Now).ToList();
        Assert.Equal("alone", ranked[^1].Metadata.Name);
    }

    [Fact]
    public void Status_CountsByKind()
    {
        var pods = new[]
        {
            Make.Pod("new", since: Now.AddSeconds(-3)), Make.Pod("old", since: Now.AddMinutes(-5)), Make.Pod("unready", ready: false),
            Make.Pod("ended", phase: "Failed"), Make.Pod("leaving") with { Metadata = Make.Pod("leaving").Metadata with { DeletionTimestamp = Now } },
        };
        var status = ReplicaSetPlanner.StatusOf(Make.ReplicaSet(3, minReadySeconds: 10), pods, ("FailedCreate", "quota"), Now);
        Assert.Equal((3, 2, 1, 1, 3), (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.TerminatingReplicas, status.FullyLabeledReplicas));
        Assert.Equal(("ReplicaFailure", "True", "FailedCreate"), (status.Conditions![0].Type, status.Conditions[0].Status, status.Conditions[0].Reason));
    }

    private static Pod WithCost(Pod pod, string cost) => pod with
    {
        Metadata = pod.Metadata with { Annotations = new Dictionary<string, string> { ["controller.kubernetes.io/pod-deletion-cost"] = cost } },
    };

    private static Pod WithRestarts(Pod pod, int restarts) => pod with { Status = pod.Status with { ContainerStatuses = [new ContainerStatus { Name = "web", RestartCount = restarts }] } };
}
