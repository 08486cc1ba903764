using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Plugins.NodeAffinity;
using KubeAspire.Scheduler.Plugins.NodeName;
using KubeAspire.Scheduler.Plugins.NodePorts;
using KubeAspire.Scheduler.Plugins.NodeUnschedulable;
using KubeAspire.Scheduler.Plugins.TaintToleration;

namespace KubeAspire.Scheduler.Tests.Plugins;

public sealed class NodeFilterTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData("node-1", null)]
    [InlineData("node-2", "node(s) didn't match the requested node name")]
    public void NodeName_IsTheOnlyNode(string? wanted, string? reason)
    {
        var pod = Worlds.Pod("p");
        pod = pod with { Spec = pod.Spec with { NodeName = wanted } };
        Assert.Equal(reason, new NodeNamePlugin().Check(pod, NodeInfo.Of(Worlds.Node("node-1")))?.Reasons[0]);
    }

    [Theory]
    [InlineData(false, false, null)]
    [InlineData(true, false, "node(s) were unschedulable")]
    [InlineData(true, true, null)]
    public void Cordoned_KeepsAwayWhoDoesNotTolerateIt(bool cordoned, bool tolerates, string? reason)
    {
        var node = Worlds.Node("node-1") with { Spec = new NodeSpec { Unschedulable = cordoned } };
        var pod = Tolerating(tolerates ? [new Toleration { Key = "node.kubernetes.io/unschedulable", Operator = "Exists", Effect = "NoSchedule" }] : []);
        Assert.Equal(reason, new NodeUnschedulablePlugin().Check(pod, NodeInfo.Of(node))?.Reasons[0]);
    }

    // taint key=value:effect, toleration key operator value effect; "-" for absent.
    public static TheoryData<string, string, bool> Taints => new()
    {
        { "a=1:NoSchedule", "- - - -", false },
        { "a=1:NoSchedule", "a Equal 1 NoSchedule", true },
        { "a=1:NoSchedule", "a - 1 -", true },
        { "a=1:NoSchedule", "a Equal 2 NoSchedule", false },
        { "a=1:NoSchedule", "a Exists - -", true },
        { "a=1:NoSchedule", "- Exists - -", true },
        { "a=1:NoExecute", "- Exists - NoSchedule", false },
        { "a=1:NoExecute", "a Exists - NoExecute", true },
        { "a=1:NoSchedule", "b Exists - -", false },
        { "a=1:PreferNoSchedule", "- - - -", true },
    };

    [Theory]
    [MemberData(nameof(Taints))]
    public void Taints_KeepAwayWhoDoesNotTolerateThem(string taint, string toleration, bool fits)
    {
        var words = toleration.Split(' ').Select(word => word == "-" ? null : word).ToArray();
        var pod = Tolerating(words.All(word => word is null) ? [] : [new Toleration { Key = words[0], Operator = words[1], Value = words[2], Effect = words[3] }]);
        var rejection = new TaintTolerationPlugin().Check(pod, NodeInfo.Of(Tainted("node-1", taint)));
        Assert.Equal(fits, rejection is null);
        if (!fits)
        {
            Assert.Equal("node(s) had untolerated taint(s)", Assert.Single(rejection!.Reasons));
            Assert.Contains("{a: 1}", rejection.ToString());
        }
    }

    [Fact]
    public void SoftTaints_AreBetterAvoided() => Assert.Equal([100, 50, 0], new TaintTolerationPlugin().Scores(
        new PodInfo(Worlds.Pod("p")),
        NodeInfo.Of(Worlds.Node("none")),
        NodeInfo.Of(Tainted("one", "a=1:PreferNoSchedule")),
        NodeInfo.Of(Tainted("two", "a=1:PreferNoSchedule", "b=1:PreferNoSchedule"))));

    public static TheoryData<string, string, string, bool> Requirements => new()
    {
        // operator   values     label     fits
        { "In",           "ssd,nvme", "ssd",  true },
        { "In",           "ssd",      "hdd",  false },
        { "In",           "ssd",      "",     false },
        { "NotIn",        "ssd",      "hdd",  true },
        { "NotIn",        "ssd",      "",     true },
        { "NotIn",        "ssd",      "ssd",  false },
        { "Exists",       "",         "x",    true },
        { "Exists",       "",         "",     false },
        { "DoesNotExist", "",         "",     true },
        { "DoesNotExist", "",         "x",    false },
        { "Gt",           "4",        "5",    true },
        { "Gt",           "4",        "4",    false },
        { "Gt",           "4",        "many", false },
        { "Lt",           "4",        "3",    true },
        { "Lt",           "4",        "",     false },
    };

    [Theory]
    [MemberData(nameof(Requirements))]
    public void RequiredAffinity_IsMetByLabels(string comparison, string values, string label, bool fits)
    {
        var requirement = new NodeSelectorRequirement { Key = "disk", Operator = comparison, Values = values.Split(',', StringSplitOptions.RemoveEmptyEntries) };
        var node = label.Length == 0 ? Worlds.Node("n") : Worlds.Node("n", labels: $"disk={label}");
        Assert.Equal(fits, new NodeAffinityPlugin().Check(Wanting([new NodeSelectorTerm { MatchExpressions = [requirement] }]), NodeInfo.Of(node)) is null);
    }

    [Fact]
    public void Terms_AreAlternatives_AndAnEmptyOneIsNone()
    {
        var gpu = new NodeSelectorTerm { MatchExpressions = [new NodeSelectorRequirement { Key = "gpu", Operator = "Exists" }] };
        var named = new NodeSelectorTerm { MatchFields = [new NodeSelectorRequirement { Key = "metadata.name", Operator = "In", Values = ["n"] }] };
        var node = NodeInfo.Of(Worlds.Node("n"));
        var plugin = new NodeAffinityPlugin();
        Assert.NotNull(plugin.Check(Wanting([gpu]), node));
        Assert.Null(plugin.Check(Wanting([gpu, named]), node));
        Assert.NotNull(plugin.Check(Wanting([new NodeSelectorTerm()]), node));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("b", false)]
    public void NodeSelector_WantsEveryLabel(string zone, bool fits)
    {
        var pod = Worlds.Pod("p");
        pod = pod with { Spec = pod.Spec with { NodeSelector = Worlds.Labels("zone=a") } };
        var rejection = new NodeAffinityPlugin().Check(pod, NodeInfo.Of(Worlds.Node("n", labels: $"zone={zone}")));
        Assert.Equal(fits ? null : "node(s) didn't match Pod's node affinity/selector", rejection?.Reasons[0]);
    }

    [Fact]
    public void PreferredAffinity_ScoresByWeight()
    {
        PreferredSchedulingTerm Prefer(string key, int weight) =>
            new() { Weight = weight, Preference = new NodeSelectorTerm { MatchExpressions = [new NodeSelectorRequirement { Key = key, Operator = "Exists" }] } };
        var pod = Worlds.Pod("p");
        pod = pod with
        {
            Spec = pod.Spec with
            {
                Affinity = new Affinity { NodeAffinity = new NodeAffinity { PreferredDuringSchedulingIgnoredDuringExecution = [Prefer("a", 30), Prefer("b", 10)] } },
            },
        };
        Assert.Equal([100, 75, 25, 0], new NodeAffinityPlugin().Scores(
            new PodInfo(pod),
            NodeInfo.Of(Worlds.Node("ab", labels: ["a=1", "b=1"])), NodeInfo.Of(Worlds.Node("a", labels: "a=1")),
            NodeInfo.Of(Worlds.Node("b", labels: "b=1")), NodeInfo.Of(Worlds.Node("none"))));
        Assert.Empty(new NodeAffinityPlugin().Scores(new PodInfo(Worlds.Pod("indifferent")), NodeInfo.Of(Worlds.Node("n"))));
    }

    [Theory]
    [InlineData("0.0.0.0:80/TCP", "0.0.0.0:80/TCP", false)]
    [InlineData("0.0.0.0:80/TCP", "10.0.0.1:80/TCP", false)]
    [InlineData("10.0.0.2:80/TCP", "10.0.0.1:80/TCP", true)]
    [InlineData("0.0.0.0:80/TCP", "0.0.0.0:80/UDP", true)]
    [InlineData("0.0.0.0:80/TCP", "0.0.0.0:81/TCP", true)]
    [InlineData(":0/TCP", "0.0.0.0:80/TCP", true)]
    public void HostPorts_AreHadOnce(string wanted, string used, bool fits)
    {
        var node = NodeInfo.Of(Worlds.Node("n"), new PodInfo(WithPort("there", used)));
        Assert.Equal(fits, new NodePortsPlugin().Check(WithPort("p", wanted), node) is null);
    }

    private static Pod WithPort(string name, string text)
    {
        var parts = text.Split(':', '/');
        var pod = Worlds.Pod(name);
        var port = new ContainerPort { ContainerPortValue = 1, HostIP = parts[0], HostPort = int.Parse(parts[1]), Protocol = parts[2] };
        return pod with { Spec = pod.Spec with { Containers = [new Container { Name = "c", Ports = [port] }] } };
    }

    private static Node Tainted(string name, params string[] taints) => Worlds.Node(name) with
    {
        Spec = new NodeSpec { Taints = [.. taints.Select(text => text.Split('=', ':')).Select(parts => new Taint { Key = parts[0], Value = parts[1], Effect = parts[2] })] },
    };

    private static Pod Tolerating(Toleration[] tolerations)
    {
        var pod = Worlds.Pod("p");
        return pod with { Spec = pod.Spec with { Tolerations = tolerations } };
    }

    private static Pod Wanting(NodeSelectorTerm[] terms)
    {
        var pod = Worlds.Pod("p");
        var required = new NodeSelector { NodeSelectorTerms = terms };
        return pod with { Spec = pod.Spec with { Affinity = new Affinity { NodeAffinity = new NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = required } } } };
    }
}
