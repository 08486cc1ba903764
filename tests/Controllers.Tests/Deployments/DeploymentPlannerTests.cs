using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Deployments;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.Tests.Deployments;

public sealed class DeploymentPlannerTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("25%", "25%", 10, 3, 2)] // Surge rounds up, unavailable down.
    [InlineData("0%", "10%", 5, 0, 1)] // Both would be zero: one may be unavailable.
    [InlineData("100%", "0%", 3, 3, 0)]
    [InlineData("1", "5", 2, 1, 2)] // Never more unavailable than there are.
    public void Bounds_RoundAsUpstream(string surge, string unavailable, int size, int maxSurge, int maxUnavailable)
    {
        var deployment = Make.Deployment(size, Parse(surge), Parse(unavailable));
        Assert.Equal((maxSurge, maxUnavailable), (DeploymentMath.MaxSurge(deployment), DeploymentMath.MaxUnavailable(deployment)));
    }

    // old size/available, new size/available of a deployment of 10 with surge 3 and unavailable 2 -> sizes after one step.
    [Theory]
    [InlineData(10, 10, 0, 0, 10, 3)] // The new grows by the surge.
    [InlineData(10, 10, 3, 0, 8, 3)] // The old shrinks by what may be unavailable.
    [InlineData(8, 8, 3, 0, 8, 5)] // The room that made is the new's.
    [InlineData(8, 8, 5, 0, 8, 5)] // Neither may move until the new is available.
    [InlineData(8, 8, 5, 5, 3, 5)] // It is: the old goes down to the minimum.
    [InlineData(10, 4, 3, 0, 8, 3)] // Pods that serve nobody go, though none can be spared.
    [InlineData(0, 0, 10, 10, 0, 10)]
    [InlineData(0, 0, 12, 12, 0, 10)] // Too many: down at once.
    public void RollingUpdate_OneStep(int oldSize, int oldAvailable, int newSize, int newAvailable, int oldAfter, int newAfter)
    {
        var deployment = Make.Deployment(10, 3, 2);
        var plan = DeploymentPlanner.Plan(deployment, [Set("old", "web:0", oldSize, oldAvailable, 10), Set("new", "web:1", newSize, newAvailable, 10)], false, Now);
        Assert.Equal((oldAfter, newAfter), (After(plan, "old", oldSize), After(plan, "new", newSize)));
    }

    // Sizes 10 -> 15 with surge 3 and unavailable 2 in mid-rollout: upstream's proportional scaling.
    [Theory]
    [InlineData(8, 5, 10, 15, 11, 7)]
    [InlineData(8, 5, 10, 5, 5, 3)]
    [InlineData(5, 5, 10, 0, 0, 0)]
    public void AChangeOfSize_InMidRollout_IsShared(int oldSize, int newSize, int before, int wanted, int oldAfter, int newAfter)
    {
        var deployment = Make.Deployment(wanted, 3, 2);
        var plan = DeploymentPlanner.Plan(deployment, [Set("old", "web:0", oldSize, oldSize, before), Set("new", "web:1", newSize, 0, before)], false, Now);
        Assert.Equal((oldAfter, newAfter), (After(plan, "old", oldSize), After(plan, "new", newSize)));
    }

    [Fact]
    public void Recreate_WaitsForTheLastOldPod()
    {
        var deployment = Make.Deployment(3, type: "Recreate");
        var gone = Set("old", "web:0", 0, 0, 3);
        Assert.Null(DeploymentPlanner.Plan(deployment, [gone], oldPodsRun: true, Now).Create);
        Assert.Equal(3, DeploymentPlanner.Plan(deployment, [gone], oldPodsRun: false, Now).Create!.Spec.Replicas);
    }

    [Fact]
    public void TheTracesAndKubectlsAnnotations_AreNotCopied()
    {
        var deployment = Make.Deployment(1);
        deployment = deployment with
        {
            Metadata = deployment.Metadata with
            {
                Annotations = new Dictionary<string, string>
                {
                    ["kubectl.kubernetes.io/last-applied-configuration"] = "{}", [Tracing.Annotation] = "00-1-2-01", ["kubernetes.io/change-cause"] = "why",
                },
            },
        };
        var made = DeploymentPlanner.Plan(deployment, [], false, Now).Create!;
        Assert.Equal(
            ["deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas", "deployment.kubernetes.io/revision", "kubernetes.io/change-cause"],
            made.Metadata.Annotations!.Keys.Order());
    }

    [Fact]
    public void TheHash_DependsOnTheTemplateAlone()
    {
        Assert.Equal(PodTemplateHash.Of(Make.Template(), null), PodTemplateHash.Of(Make.Template(), null));
        Assert.NotEqual(PodTemplateHash.Of(Make.Template(), null), PodTemplateHash.Of(Make.Template("web:2"), null));
        Assert.NotEqual(PodTemplateHash.Of(Make.Template(), null), PodTemplateHash.Of(Make.Template(), 1));
    }

    private static ReplicaSet Set(string name, string image, int size, int available, int desired)
    {
        var set = Make.ReplicaSet(size);
        return set with
        {
            Metadata = set.Metadata with
            {
                Name = name,
                Uid = name,
                CreationTimestamp = Now.AddMinutes(name == "old" ? -9 : -1),
                Annotations = new Dictionary<string, string>
                {
                    [DeploymentAnnotations.DesiredReplicas] = desired.ToString(CultureInfo.InvariantCulture),
                    [DeploymentAnnotations.MaxReplicas] = (desired + 3).ToString(CultureInfo.InvariantCulture),
                },
            },
            Spec = set.Spec with { Template = Make.Template(image) },
            Status = new ReplicaSetStatus { Replicas = size, ReadyReplicas = available, AvailableReplicas = available },
        };
    }

    private static int After(DeploymentPlan plan, string name, int before) =>
        plan.Updates.FirstOrDefault(update => update.After.Metadata.Name == name)?.After.Spec.Replicas ?? before;

    private static IntOrString Parse(string text) => int.TryParse(text, out var number) ? number : text;
}
