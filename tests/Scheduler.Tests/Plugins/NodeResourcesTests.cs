using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins.ImageLocality;
using KubeAspire.Scheduler.Plugins.NodeResources;

namespace KubeAspire.Scheduler.Tests.Plugins;

public sealed class NodeResourcesTests
{
    public static TheoryData<string, string, string, string> Fits => new()
    {
        // allocatable                           used                 wanted                            reasons
        { "cpu=2,memory=1Gi,pods=10",            "cpu=1",             "cpu=1",                          "" },
        { "cpu=2,memory=1Gi,pods=10",            "cpu=1",             "cpu=1001m",                      "Insufficient cpu" },
        { "cpu=2,memory=1Gi,pods=10",            "memory=1Gi",        "memory=1",                       "Insufficient memory" },
        { "cpu=2,memory=1Gi,pods=10",            "cpu=2,memory=1Gi",  "cpu=1,memory=1Mi",               "Insufficient cpu|Insufficient memory" },
        { "cpu=2,memory=1Gi,pods=10",            "cpu=3",             "",                               "" },
        { "cpu=2,memory=1Gi,pods=1",             "",                  "",                               "Too many pods" },
        { "cpu=2,memory=1Gi,pods=1",             "",                  "cpu=4",                          "Too many pods|Insufficient cpu" },
        { "cpu=2,memory=1Gi,pods=10",            "",                  "example.com/gpu=1",              "Insufficient example.com/gpu" },
        { "cpu=2,example.com/gpu=2,pods=10",     "example.com/gpu=1", "example.com/gpu=1",              "" },
        { "cpu=2,example.com/gpu=2,pods=10",     "example.com/gpu=1", "example.com/gpu=2",              "Insufficient example.com/gpu" },
        { "cpu=2,ephemeral-storage=1Gi,pods=10", "",                  "ephemeral-storage=2Gi",          "Insufficient ephemeral-storage" },
    };

    [Theory]
    [MemberData(nameof(Fits))]
    public void Fit_ComparesWithWhatIsLeft(string allocatable, string used, string wanted, string reasons)
    {
        var node = NodeInfo.Of(Worlds.Node("n", allocatable), new PodInfo(Worlds.Pod("there", used)));
        var rejection = new FitPlugin().Check(Worlds.Pod("p", wanted), node);
        Assert.Equal(reasons, rejection is null ? "" : string.Join('|', rejection.Reasons));
    }

    [Fact]
    public void Fit_SaysHowMuchIsMissing()
    {
        var node = NodeInfo.Of(Worlds.Node("n", "cpu=2,pods=10"), new PodInfo(Worlds.Pod("there", "cpu=500m")));
        Assert.Equal("Insufficient cpu (asks for 4000m cpu, 1500m of 2000m free)", new FitPlugin().Check(Worlds.Pod("p", "cpu=4"), node)!.ToString());
    }

    public static TheoryData<string, string, string, long> Requests => new()
    {
        // containers      init (s: sidecar)        pod        cpu in thousandths
        { "100m 200m",     "",                      "",        300 },
        { "100m",          "500m",                  "",        500 },
        { "100m 600m",     "500m",                  "",        700 },
        { "100m",          "s200m 500m",            "",        700 },
        { "400m",          "500m s200m",            "",        600 },
        { "100m",          "s200m s300m",           "",        600 },
        { "100m",          "500m",                  "150m",    150 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Requests_CountTheLargestMomentOfAPodsLife(string containers, string init, string whole, long milliCpu)
    {
        Container Of(string text) => new()
        {
            Name = "c",
            RestartPolicy = text.StartsWith('s') ? "Always" : null,
            Resources = new ResourceRequirements { Requests = Worlds.Amounts($"cpu={text.TrimStart('s')}") },
        };
        var spec = new PodSpec
        {
            Containers = [.. containers.Split(' ').Select(Of)],
            InitContainers = [.. init.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Of)],
            Resources = whole.Length == 0 ? null : new ResourceRequirements { Requests = Worlds.Amounts($"cpu={whole}") },
            Overhead = Worlds.Amounts("cpu=10m"),
        };
        Assert.Equal(milliCpu + 10, PodRequests.Of(spec).MilliCpu);
    }

    [Fact]
    public void Assumed_CountsWhatAsksForNothing()
    {
        var assumed = PodRequests.AssumedOf(Worlds.Pod("p", "cpu=1").Spec);
        Assert.Equal((1000, 200L << 20), (assumed.MilliCpu, assumed.Memory));
    }

    [Fact]
    public void LeastAllocated_PrefersTheEmptierNode() => Assert.Equal([75, 50, 25], new FitPlugin().Scores(
        new PodInfo(Worlds.Pod("p", "cpu=1,memory=1Gi")),
        NodeInfo.Of(Worlds.Node("empty", "cpu=4,memory=4Gi,pods=9")),
        NodeInfo.Of(Worlds.Node("half", "cpu=4,memory=4Gi,pods=9"), new PodInfo(Worlds.Pod("a", "cpu=1,memory=1Gi"))),
        NodeInfo.Of(Worlds.Node("full", "cpu=4,memory=4Gi,pods=9"), new PodInfo(Worlds.Pod("b", "cpu=2,memory=2Gi")))));

    [Fact]
    public void Balanced_PrefersEvenUse() => Assert.Equal([100, 75], new BalancedAllocationPlugin().Scores(
        new PodInfo(Worlds.Pod("p", "cpu=1,memory=1Gi")),
        NodeInfo.Of(Worlds.Node("even", "cpu=4,memory=4Gi,pods=9")),
        NodeInfo.Of(Worlds.Node("skewed", "cpu=4,memory=4Gi,pods=9"), new PodInfo(Worlds.Pod("a", "cpu=2")))));

    [Fact]
    public void Balanced_HasNoOpinionOnAPodThatAsksForNothing() =>
        Assert.Empty(new BalancedAllocationPlugin().Scores(new PodInfo(Worlds.Pod("p")), NodeInfo.Of(Worlds.Node("n"))));

    [Fact]
    public void Images_DrawPodsToNodesThatHaveThem()
    {
        static NodeInfo With(string name, params (string Image, long Size)[] images) => NodeInfo.Of(Worlds.Node(name) with
        {
            Status = new NodeStatus { Images = [.. images.Select(image => new ContainerImage { Names = [image.Image], SizeBytes = image.Size })] },
        });
        var pod = Worlds.Pod("p");
        pod = pod with { Spec = pod.Spec with { Containers = [new Container { Name = "c", Image = "registry:5000/app" }] } };
        var scores = new ImageLocalityPlugin().Scores(new PodInfo(pod), With("has", ("registry:5000/app:latest", 2000L << 20)), With("other", ("x:1", 1)), With("none"));
        Assert.Equal([65, 0, 0], scores);
        Assert.Empty(new ImageLocalityPlugin().Scores(new PodInfo(pod), With("none")));
    }

    [Fact]
    public void PlusAndMinus_LeaveANodeAsItWas()
    {
        var before = NodeInfo.Of(Worlds.Node("n"), new PodInfo(Worlds.Pod("a", "cpu=1,example.com/gpu=1")));
        var after = before.Plus(new PodInfo(Worlds.Pod("b", "cpu=500m,memory=1Gi,example.com/gpu=3"))).Minus("uid-b");
        Assert.Equal(before.Requested with { Others = null }, after.Requested with { Others = null });
        Assert.Equal(1, after.Requested["example.com/gpu"]);
        Assert.Equal(before.AssumedRequested with { Others = null }, after.AssumedRequested with { Others = null });
        Assert.Same(before, before.Minus("uid-unknown"));
    }
}
