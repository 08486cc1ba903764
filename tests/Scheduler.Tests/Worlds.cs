using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Tests;

/// <summary>Nodes and pods for tests, in few words.</summary>
internal static class Worlds
{
    public static Dictionary<string, string> Labels(params string[] pairs) =>
        pairs.Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);

    public static Dictionary<string, Quantity> Amounts(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => new Quantity(pair[1]));

    public static Node Node(string name, string allocatable = "cpu=4,memory=8Gi,pods=110", params string[] labels) => new()
    {
        Metadata = new ObjectMeta { Name = name, Labels = Labels([$"kubernetes.io/hostname={name}", .. labels]) },
        Status = new NodeStatus { Allocatable = Amounts(allocatable) },
    };

    public static Pod Pod(string name, string requests = "", params string[] labels) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = $"uid-{name}", Labels = Labels(labels) },
        Spec = new PodSpec { Containers = [new Container { Name = "c", Resources = new ResourceRequirements { Requests = Amounts(requests) } }] },
    };

    public static Rejection? Check(this IFilterPlugin plugin, Pod pod, NodeInfo node, params NodeInfo[] others) =>
        plugin.Prepare(new PodInfo(pod), new ClusterSnapshot([node, .. others]))?.Check(node);

    public static long[] Scores(this IScorePlugin plugin, PodInfo pod, params NodeInfo[] nodes)
    {
        var scores = new long[nodes.Length];
        return plugin.Score(pod, new ClusterSnapshot(nodes), nodes, scores) ? scores : [];
    }
}
