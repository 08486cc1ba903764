using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Disruption;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Policy;

namespace KubeAspire.Controllers.Tests.Disruption;

public sealed class DisruptionTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    // least, most, ready pods of all, replicas wanted → expected, desired, allowed
    [Theory]
    [InlineData("2", null, 3, 3, 3, 3, 2, 1)]
    [InlineData("50%", null, 3, 3, 5, 5, 3, 0)]
    [InlineData(null, "1", 3, 3, 3, 3, 2, 1)]
    [InlineData(null, "1", 2, 3, 3, 3, 2, 0)]
    [InlineData(null, "30%", 4, 4, 4, 4, 2, 2)]
    [InlineData(null, "100%", 4, 4, 4, 4, 0, 4)]
    [InlineData("0", null, 0, 0, 0, 0, 0, 0)]
    public void HowManyMayGo(string? least, string? most, int ready, int count, int scale, int expected, int desired, int allowed)
    {
        var pods = Enumerable.Range(0, count).Select(at => Make.Pod($"p{at}", ready: at < ready)).ToList();

        var (status, _) = DisruptionPlanner.Plan(Budget(least, most), pods, scale, Now);

        Assert.Equal((expected, desired, ready, allowed), (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy, status.DisruptionsAllowed));
        Assert.Equal(allowed > 0 ? "SufficientPods" : "InsufficientPods", Assert.Single(status.Conditions!).Reason);
    }

    [Fact]
    public void AnEvictionUnderWay_Counts_ForAWhile()
    {
        var budget = Budget("1", null) with { Status = new PodDisruptionBudgetStatus { DisruptedPods = new Dictionary<string, DateTimeOffset> { ["p0"] = Now, ["gone"] = Now } } };
        List<Pod> pods = [Make.Pod("p0"), Make.Pod("p1")];

        var (status, wait) = DisruptionPlanner.Plan(budget, pods, 2, Now.AddSeconds(30));
        Assert.Equal((1, 0, "p0", TimeSpan.FromSeconds(90)), (status.CurrentHealthy, status.DisruptionsAllowed, Assert.Single(status.DisruptedPods!).Key, wait));

        (status, wait) = DisruptionPlanner.Plan(budget, pods, 2, Now.AddMinutes(2));
        Assert.Equal((2, 1, null, null), (status.CurrentHealthy, status.DisruptionsAllowed, status.DisruptedPods, wait));
    }

    [Fact]
    public async Task TheStatus_FollowsThePods()
    {
        var world = TestWorld.Of(DisruptionReconciler.Create);
        world.Api.Seed(Make.Pod("p0"));
        world.Api.Seed(Make.Pod("p1", ready: false));
        world.Api.Seed(Budget("1", null) with { Metadata = new ObjectMeta { Name = "b", Namespace = "default" } });
        await world.AssertSettledAsync((0, new ObjectKey("default", "b")));

        var status = world.Api.Find<PodDisruptionBudget>("default", "b")!.Status;
        Assert.Equal((2, 1, 1, 0), (status.ExpectedPods, status.CurrentHealthy, status.DesiredHealthy, status.DisruptionsAllowed));
    }

    private static PodDisruptionBudget Budget(string? least, string? most) => new()
    {
        Metadata = new ObjectMeta { Name = "b", Namespace = "default", Generation = 1 },
        Spec = new PodDisruptionBudgetSpec { Selector = new LabelSelector { MatchLabels = Make.Web }, MinAvailable = Share(least), MaxUnavailable = Share(most) },
    };

    private static IntOrString? Share(string? text) => text is null ? null : int.TryParse(text, out var number) ? number : text;
}
