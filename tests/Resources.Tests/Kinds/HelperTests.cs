using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Tests.Kinds;

public sealed class HelperTests
{
    private static readonly DateTimeOffset s_now = KindHarness.Now;

    [Fact]
    public void ACondition_KeepsItsTransitionTime_UntilItsStatusChanges()
    {
        var first = ((IReadOnlyList<PodCondition>?)null).With(new PodCondition { Type = "Ready", Status = "False" }, s_now);
        var same = first.With(new PodCondition { Type = "Ready", Status = "False", Reason = "Other" }, s_now.AddMinutes(1));
        var changed = same.With(new PodCondition { Type = "Ready", Status = "True" }, s_now.AddMinutes(2));

        Assert.Equal(s_now, Assert.Single(same).LastTransitionTime);
        Assert.Equal("Other", same[0].Reason);
        Assert.Equal(s_now.AddMinutes(2), Assert.Single(changed).LastTransitionTime);
        Assert.Same(changed, changed.With(new PodCondition { Type = "Ready", Status = "True" }, s_now.AddMinutes(3)));
    }

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(10, 9, false)]
    [InlineData(10, 10, true)]
    public void APod_IsAvailable_WhenItHasBeenReadyForLongEnough(int minReadySeconds, int readyFor, bool expected)
    {
        var pod = new Pod { Status = new PodStatus { Conditions = [new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = s_now.AddSeconds(-readyFor) }] } };

        Assert.Equal(expected, pod.IsAvailable(minReadySeconds, s_now));
    }

    [Fact]
    public void AControllerReference_ComparesUids()
    {
        var owner = new ReplicaSet { Metadata = new ObjectMeta { Name = "web", Uid = "1" } };
        var pod = new Pod { Metadata = new ObjectMeta { OwnerReferences = [owner.ToControllerReference()] } };

        Assert.True(pod.IsControlledBy(owner));
        Assert.False(pod.IsControlledBy(new ReplicaSet { Metadata = new ObjectMeta { Name = "web", Uid = "2" } }));
        Assert.Equal(("apps/v1", "ReplicaSet"), (pod.Metadata.ControllerReference()!.ApiVersion, pod.Metadata.ControllerReference()!.Kind));
    }

    [Theory]
    [InlineData("", "", "", "", "a", "x", "NoSchedule", false)]
    [InlineData("", "Exists", "", "", "a", "x", "NoSchedule", true)]
    [InlineData("a", "", "x", "", "a", "x", "NoExecute", true)]
    [InlineData("a", "Equal", "y", "", "a", "x", "NoExecute", false)]
    [InlineData("a", "Exists", "", "NoSchedule", "a", "x", "NoExecute", false)]
    public void AToleration_CoversATaint(string key, string op, string value, string effect, string taintKey, string taintValue, string taintEffect, bool expected) => Assert.Equal(
        expected,
        new Toleration { Key = key, Operator = op, Value = value, Effect = effect }.Tolerates(new Taint { Key = taintKey, Value = taintValue, Effect = taintEffect }));

    [Fact]
    public void AServicesSelector_MatchesNothing_WhenItIsEmpty_ALabelSelectorEverything()
    {
        var labels = new Dictionary<string, string> { ["app"] = "web" };

        Assert.False(labels.IsMatchedBy(new Dictionary<string, string>()));
        Assert.True(labels.IsMatchedBy(labels));
        Assert.True(new LabelSelector().Matches(labels));
        Assert.False(((LabelSelector?)null).Matches(labels));
        Assert.True(new LabelSelector { MatchExpressions = [new() { Key = "old", Operator = "DoesNotExist" }] }.Matches(labels));
    }
}
