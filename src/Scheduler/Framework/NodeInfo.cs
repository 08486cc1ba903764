using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler.Framework;

/// <summary>A node and what runs on it or is about to, summed up. Immutable: a change makes a new one, so a decision can keep it.</summary>
public sealed class NodeInfo
{
    private static readonly Dictionary<string, long> s_noImages = [];

    private NodeInfo(NodeInfo? from, Node node, PodInfo[] pods)
    {
        Node = node;
        Name = node.Metadata.Name ?? "";
        Pods = pods;
        if (from is not null && ReferenceEquals(from.Node, node))
        {
            (Allocatable, AllowedPods, HardTaints, SoftTaints, Images) = (from.Allocatable, from.AllowedPods, from.HardTaints, from.SoftTaints, from.Images);
            return;
        }

        Allocatable = ResourceAmounts.Of(node.Status.Allocatable);
        AllowedPods = node.Status.Allocatable?.TryGetValue(ResourceAmounts.Pods, out var allowed) == true ? ResourceAmounts.Read(allowed) : 0;
        HardTaints = [.. (node.Spec.Taints ?? []).Where(taint => taint.Effect is "NoSchedule" or "NoExecute")];
        SoftTaints = [.. (node.Spec.Taints ?? []).Where(taint => taint.Effect == "PreferNoSchedule")];
        Images = ImagesOf(node);
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Pods bound to it, or assumed to be soon.</summary>
    public PodInfo[] Pods { get; }

    /// <summary>Those of <see cref="Pods"/> with required anti-affinity.</summary>
    public PodInfo[] PodsWithAntiAffinity { get; private init; } = [];

    /// <summary>How many of <see cref="Pods"/> have any affinity.</summary>
    public int PodsWithAffinity { get; private init; }

    /// <summary>What pods may have of it.</summary>
    public ResourceAmounts Allocatable { get; }

    /// <summary>How many pods it takes.</summary>
    public long AllowedPods { get; }

    /// <summary>What its pods asked for.</summary>
    public ResourceAmounts Requested { get; private init; }

    /// <summary>What scoring counts its pods as.</summary>
    public ResourceAmounts AssumedRequested { get; private init; }

    /// <summary>Ports its pods have taken.</summary>
    public HostPort[] UsedPorts { get; private init; } = [];

    /// <summary>Taints that keep pods away.</summary>
    public Taint[] HardTaints { get; }

    /// <summary>Taints that pods would rather avoid.</summary>
    public Taint[] SoftTaints { get; }

    /// <summary>Images it has, by every name, in bytes.</summary>
    public IReadOnlyDictionary<string, long> Images { get; }

    /// <summary>
    /// The last count of pods by a selector, and what was counted. Replicas are scheduled in a row: most nodes have not changed since
    /// the one before was counted. Touched by the deciding thread only.
    /// </summary>
    internal (string What, int Count)? LastCount { get; set; }

    /// <summary>The node's labels; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Labels => Node.Metadata.Labels;

    /// <summary>A node with pods.</summary>
    public static NodeInfo Of(Node node, params PodInfo[] pods) => Sum(null, node, pods);

    /// <summary>With another version of the node.</summary>
    public NodeInfo With(Node node) => new(this, node, Pods)
    {
        Requested = Requested, AssumedRequested = AssumedRequested, UsedPorts = UsedPorts, PodsWithAntiAffinity = PodsWithAntiAffinity, PodsWithAffinity = PodsWithAffinity,
    };

    /// <summary>With one pod more.</summary>
    public NodeInfo Plus(PodInfo pod) => new(this, Node, [.. Pods, pod])
    {
        Requested = Requested + pod.Requests,
        AssumedRequested = AssumedRequested + pod.AssumedRequests,
        UsedPorts = pod.HostPorts.Length == 0 ? UsedPorts : [.. UsedPorts, .. pod.HostPorts],
        PodsWithAntiAffinity = pod.RequiredAntiAffinity.Length == 0 ? PodsWithAntiAffinity : [.. PodsWithAntiAffinity, pod],
        PodsWithAffinity = PodsWithAffinity + (pod.HasAffinity ? 1 : 0),
    };

    /// <summary>Without a pod.</summary>
    public NodeInfo Minus(string uid)
    {
        var at = Array.FindIndex(Pods, pod => pod.Uid == uid);
        if (at < 0)
        {
            return this;
        }

        var gone = Pods[at];
        PodInfo[] left = [.. Pods.AsSpan(0, at), .. Pods.AsSpan(at + 1)];

        // Two pods may hold equal ports (a bound one and one that replaces it), so ports are collected anew rather than taken out.
        return new NodeInfo(this, Node, left)
        {
            Requested = Requested - gone.Requests,
            AssumedRequested = AssumedRequested - gone.AssumedRequests,
            UsedPorts = gone.HostPorts.Length == 0 ? UsedPorts : [.. left.SelectMany(pod => pod.HostPorts)],
            PodsWithAntiAffinity = gone.RequiredAntiAffinity.Length == 0 ? PodsWithAntiAffinity : [.. left.Where(pod => pod.RequiredAntiAffinity.Length > 0)],
            PodsWithAffinity = PodsWithAffinity - (gone.HasAffinity ? 1 : 0),
        };
    }

    private static NodeInfo Sum(NodeInfo? from, Node node, PodInfo[] pods)
    {
        ResourceAmounts requested = default, assumed = default;
        foreach (var pod in pods)
        {
            requested += pod.Requests;
            assumed += pod.AssumedRequests;
        }

        return new NodeInfo(from, node, pods)
        {
            Requested = requested,
            AssumedRequested = assumed,
            UsedPorts = [.. pods.SelectMany(pod => pod.HostPorts)],
            PodsWithAntiAffinity = [.. pods.Where(pod => pod.RequiredAntiAffinity.Length > 0)],
            PodsWithAffinity = pods.Count(pod => pod.HasAffinity),
        };
    }

    private static Dictionary<string, long> ImagesOf(Node node)
    {
        if (node.Status.Images is not { Count: > 0 } images)
        {
            return s_noImages;
        }

        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var image in images)
        {
            foreach (var name in image.Names ?? [])
            {
                sizes[ImageNames.Normalize(name)] = image.SizeBytes ?? 0;
            }
        }

        return sizes;
    }
}
