using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Refuses pods that were bound to a node which they do not fit, whoever bound them.</summary>
/// <remarks>Reasons and texts as the kubelet's predicate admission handler.</remarks>
internal static class PodAdmission
{
    /// <summary>Why a pod is refused; null for not.</summary>
    public static (string Reason, string Message)? Refuse(Pod pod, Node? node)
    {
        if (node is null)
        {
            return null;
        }

        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        if (pod.Spec.NodeSelector is { } wanted && wanted.Any(one => labels.GetValueOrDefault(one.Key) != one.Value))
        {
            return ("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
        }

        if (pod.Spec.Os?.Name is { } os && os != "linux")
        {
            return ("PodOSNotSupported", $"Failed to admit pod as the OS field doesn't match node OS");
        }

        foreach (var resource in new[] { "cpu", "memory" })
        {
            var asked = pod.Spec.Containers.Sum(one => one.Resources?.Requests is { } requests && requests.TryGetValue(resource, out var quantity)
                ? resource == "cpu" ? quantity.MilliValue : quantity.Value
                : 0);
            if (node.Status.Allocatable is { } allocatable && allocatable.TryGetValue(resource, out var has))
            {
                var there = resource == "cpu" ? has.MilliValue : has.Value;
                if (asked > there)
                {
                    return ($"OutOf{resource}", $"Pod was rejected: Node didn't have enough resource: {resource}, requested: {asked}, used: 0, capacity: {there}");
                }
            }
        }

        return null;
    }
}
