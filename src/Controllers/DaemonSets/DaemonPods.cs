using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.DaemonSets;

/// <summary>A DaemonSet's pods: which node one is for, and what one looks like.</summary>
internal static class DaemonPods
{
    /// <summary>The label that names the template's revision.</summary>
    public const string HashLabel = "controller-revision-hash";

    private const string GenerationLabel = "pod-template-generation";

    // What a daemon puts up with on any node, as upstream adds them.
    private static readonly (string Key, string Effect)[] Always =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    /// <summary>The node that a pod runs on or is meant for; null where it names none.</summary>
    public static string? NodeOf(Pod pod) => !string.IsNullOrEmpty(pod.Spec.NodeName) ? pod.Spec.NodeName
        : pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms
            .SelectMany(term => term.MatchFields ?? []).FirstOrDefault(field => field is { Key: "metadata.name", Operator: "In", Values.Count: 1 })?.Values![0];

    /// <summary>Whether the node should get a pod, and whether one that is there may stay.</summary>
    public static (bool Run, bool Stay) Eligible(DaemonSet set, Node node)
    {
        var spec = set.Spec.Template.Spec ?? new PodSpec();
        if ((!string.IsNullOrEmpty(spec.NodeName) && spec.NodeName != node.Metadata.Name) || !NodeMatching.Matches(spec, node))
        {
            return (false, false);
        }

        var tolerations = TolerationsOf(spec);
        return NodeMatching.Tolerates(tolerations, node, "NoSchedule", "NoExecute")
            ? (true, true) : (false, NodeMatching.Tolerates(tolerations, node, "NoExecute"));
    }

    /// <summary>The pod for a node.</summary>
    public static Pod For(DaemonSet set, string node, string hash)
    {
        var template = set.Spec.Template;
        var spec = template.Spec ?? new PodSpec();
        var labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>()) { [HashLabel] = hash };
        if (set.Metadata.Annotations?.GetValueOrDefault("deprecated.daemonset.template.generation") is { } generation)
        {
            labels[GenerationLabel] = generation;
        }

        return new Pod
        {
            Metadata = new ObjectMeta
            {
                GenerateName = $"{set.Metadata.Name}-",
                Namespace = set.Metadata.Namespace,
                Labels = labels,
                Annotations = template.Metadata.Annotations?.Where(pair => pair.Key != Tracing.Annotation).ToDictionary(),
                Finalizers = template.Metadata.Finalizers,
                OwnerReferences = [Owners.ControllerReference(DaemonSet.ResourceType, set.Metadata)],
            },
            Spec = spec with { Affinity = OnlyOn(spec.Affinity, node), Tolerations = TolerationsOf(spec) },
        };
    }

    private static List<Toleration> TolerationsOf(PodSpec spec)
    {
        var tolerations = (spec.Tolerations ?? []).ToList();
        var added = spec.HostNetwork == true ? Always.Append(("node.kubernetes.io/network-unavailable", "NoSchedule")) : Always;
        foreach (var (key, effect) in added)
        {
            var toleration = new Toleration { Key = key, Operator = "Exists", Effect = effect };
            if (!tolerations.Any(known => known.Key == key && known.Effect == effect && known.Operator == "Exists"))
            {
                tolerations.Add(toleration);
            }
        }

        return tolerations;
    }

    // The scheduler binds it; the affinity leaves it no choice.
    private static Affinity OnlyOn(Affinity? affinity, string node)
    {
        var term = new NodeSelectorTerm { MatchFields = [new NodeSelectorRequirement { Key = "metadata.name", Operator = "In", Values = [node] }] };
        var required = new NodeSelector { NodeSelectorTerms = [term] };
        var nodeAffinity = (affinity?.NodeAffinity ?? new NodeAffinity()) with { RequiredDuringSchedulingIgnoredDuringExecution = required };
        return (affinity ?? new Affinity()) with { NodeAffinity = nodeAffinity };
    }
}
