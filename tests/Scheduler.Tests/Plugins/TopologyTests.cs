using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins.InterPodAffinity;
using KubeAspire.Scheduler.Plugins.PodTopologySpread;

namespace KubeAspire.Scheduler.Tests.Plugins;

public sealed class TopologyTests
{
    private static readonly LabelSelector s_web = new() { MatchLabels = Worlds.Labels("app=web") };

    // Pods of app=web on three nodes of zones a, a, b; which nodes take one more, by index.
    public static TheoryData<string, int, int?, string> Spread => new()
    {
        { "0 0 0", 1, null, "0 1 2" },
        { "1 0 0", 1, null, "2" },
        { "1 0 1", 1, null, "0 1 2" },
        { "1 1 1", 1, null, "2" },
        { "1 1 1", 2, null, "0 1 2" },
        { "1 0 1", 1, 3, "" },
        { "0 0 0", 1, 3, "0 1 2" },
    };

    [Theory]
    [MemberData(nameof(Spread))]
    public void DoNotSchedule_KeepsTheSkew(string counts, int maxSkew, int? minDomains, string fits)
    {
        var nodes = Zoned(counts);
        var pod = Worlds.Pod("new", labels: "app=web");
        var constraint = new TopologySpreadConstraint
        {
            TopologyKey = "topology.kubernetes.io/zone", MaxSkew = maxSkew, MinDomains = minDomains, WhenUnsatisfiable = "DoNotSchedule", LabelSelector = s_web,
        };
        pod = pod with { Spec = pod.Spec with { TopologySpreadConstraints = [constraint] } };
        var filter = new PodTopologySpreadPlugin().Prepare(new PodInfo(pod), new ClusterSnapshot(nodes))!;
        Assert.Equal(fits, string.Join(' ', Enumerable.Range(0, 3).Where(i => filter.Check(nodes[i]) is null)));
        Assert.Equal(
            "node(s) didn't match pod topology spread constraints (missing required label)", filter.Check(NodeInfo.Of(Worlds.Node("unzoned")))!.Reasons[0]);
    }

    [Fact]
    public void ReplicasOfOneService_AreSpread_WithoutBeingAsked()
    {
        var nodes = Zoned("3 1 0");
        var pod = new PodInfo(Worlds.Pod("new", labels: "app=web"), Selector.From(s_web).Value);
        var scores = new PodTopologySpreadPlugin().Scores(pod, nodes);
        Assert.True(scores[2] > scores[1] && scores[1] > scores[0], string.Join(' ', scores));
        Assert.Equal(100, scores[2]);
        Assert.Empty(new PodTopologySpreadPlugin().Scores(new PodInfo(Worlds.Pod("alone")), nodes));
    }

    [Fact]
    public void TerminatingPods_AndOtherNamespaces_DoNotCount()
    {
        var leaving = Worlds.Pod("leaving", labels: "app=web");
        leaving = leaving with { Metadata = leaving.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };
        var foreign = Worlds.Pod("foreign", labels: "app=web");
        foreign = foreign with { Metadata = foreign.Metadata with { Namespace = "other" } };
        var pod = new PodInfo(Worlds.Pod("new", labels: "app=web"), Selector.From(s_web).Value);
        var scores = new PodTopologySpreadPlugin().Scores(pod, NodeInfo.Of(Worlds.Node("a"), new PodInfo(leaving), new PodInfo(foreign)), NodeInfo.Of(Worlds.Node("b")));
        Assert.Equal(scores[0], scores[1]);
    }

    public static TheoryData<string, string, string> Affinity => new()
    {
        // pods on a, a, b     terms            nodes that will do
        { "db - -",            "near",          "0 1" },
        { "- - db",            "near",          "2" },
        { "- - -",             "near",          "" },
        { "- - -",             "near-own",      "0 1 2" },
        { "db - -",            "away",          "2" },
        { "db - db",           "away",          "" },
        { "hermit - -",        "none",          "2" },
        { "- - hermit",        "near-own",      "0 1" },
    };

    [Theory]
    [MemberData(nameof(Affinity))]
    public void Required_IsMetByPlace(string placed, string terms, string fits)
    {
        var nodes = placed.Split(' ').Select((name, i) =>
        {
            var there = name == "-" ? Array.Empty<PodInfo>() : [new PodInfo(Placed(name, i))];
            return NodeInfo.Of(Worlds.Node($"n{i}", labels: $"zone={(i < 2 ? "a" : "b")}"), there);
        }).ToArray();
        var snapshot = new ClusterSnapshot(nodes);
        var filter = new InterPodAffinityPlugin().Prepare(new PodInfo(Asking(terms)), snapshot);
        Assert.Equal(fits, string.Join(' ', Enumerable.Range(0, 3).Where(i => filter?.Check(nodes[i]) is null)));
    }

    [Fact]
    public void Preferred_ScoresByWeight_BothWays()
    {
        WeightedPodAffinityTerm Weighted(int weight) => new() { Weight = weight, PodAffinityTerm = Term("app=db") };
        var pod = Worlds.Pod("new", labels: "app=web");
        var near = pod with { Spec = pod.Spec with { Affinity = new Affinity { PodAffinity = new PodAffinity { PreferredDuringSchedulingIgnoredDuringExecution = [Weighted(5)] } } } };
        var nodes = new[] { NodeInfo.Of(Worlds.Node("n0", labels: "zone=a"), new PodInfo(Placed("db", 0))), NodeInfo.Of(Worlds.Node("n1", labels: "zone=b")) };
        Assert.Equal([100, 0], new InterPodAffinityPlugin().Scores(new PodInfo(near), nodes));

        var away = pod with { Spec = pod.Spec with { Affinity = new Affinity { PodAntiAffinity = new PodAntiAffinity { PreferredDuringSchedulingIgnoredDuringExecution = [Weighted(5)] } } } };
        Assert.Equal([0, 100], new InterPodAffinityPlugin().Scores(new PodInfo(away), nodes));
        Assert.Empty(new InterPodAffinityPlugin().Scores(new PodInfo(pod), nodes));
    }

    [Fact]
    public void NamespaceSelector_IsAboutNamespacesByLabel()
    {
        var db = Placed("db", 0);
        db = db with { Metadata = db.Metadata with { Namespace = "data" } };
        var nodes = new[] { NodeInfo.Of(Worlds.Node("n0", labels: "zone=a"), new PodInfo(db)), NodeInfo.Of(Worlds.Node("n1", labels: "zone=b")) };
        var term = Term("app=db") with { NamespaceSelector = new LabelSelector { MatchLabels = Worlds.Labels("team=x") } };
        var pod = Worlds.Pod("new");
        pod = pod with { Spec = pod.Spec with { Affinity = new Affinity { PodAffinity = new PodAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [term] } } } };
        foreach (var (team, fits) in new[] { ("x", true), ("y", false) })
        {
            var snapshot = new ClusterSnapshot(nodes) { NamespaceLabelsSource = ns => ns == "data" ? Worlds.Labels($"team={team}") : null };
            Assert.Equal(fits, new InterPodAffinityPlugin().Prepare(new PodInfo(pod), snapshot)!.Check(nodes[0]) is null);
        }
    }

    private static NodeInfo[] Zoned(string counts) =>
    [
        .. counts.Split(' ').Select((count, i) => NodeInfo.Of(
            Worlds.Node($"n{i}", labels: $"topology.kubernetes.io/zone={(i < 2 ? "a" : "b")}"),
            [.. Enumerable.Range(0, int.Parse(count)).Select(number => new PodInfo(Worlds.Pod($"web-{i}-{number}", labels: "app=web")))])),
    ];

    private static PodAffinityTerm Term(string label) => new() { TopologyKey = "zone", LabelSelector = new LabelSelector { MatchLabels = Worlds.Labels(label) } };

    private static Pod Placed(string name, int node)
    {
        var pod = Worlds.Pod($"{name}-{node}", labels: $"app={name}");
        return name != "hermit" ? pod
            : pod with { Spec = pod.Spec with { Affinity = new Affinity { PodAntiAffinity = new PodAntiAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [Term("app=web")] } } } };
    }

    private static Pod Asking(string terms)
    {
        var pod = Worlds.Pod("new", labels: "app=web");
        Affinity? affinity = terms switch
        {
            "near" => new Affinity { PodAffinity = new PodAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [Term("app=db")] } },
            "near-own" => new Affinity { PodAffinity = new PodAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [Term("app=web")] } },
            "away" => new Affinity { PodAntiAffinity = new PodAntiAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [Term("app=db")] } },
            _ => null,
        };
        return pod with { Spec = pod.Spec with { Affinity = affinity } };
    }
}
