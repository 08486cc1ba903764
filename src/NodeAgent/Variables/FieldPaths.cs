using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Variables;

/// <summary>What a pod may be told of itself: the downward API.</summary>
internal static class FieldPaths
{
    /// <summary>What the pod knows only through its node.</summary>
    /// <param name="PodIP">Its address.</param>
    /// <param name="HostIP">The node's address.</param>
    /// <param name="NodeName">The node's name.</param>
    /// <param name="Allocatable">What the node can give: the limit of a container that has none.</param>
    internal sealed record Surroundings(string PodIP, string HostIP, string NodeName, IReadOnlyDictionary<string, Quantity> Allocatable);

    /// <summary>The value of a field of the pod.</summary>
    /// <exception cref="ReferenceException">The field is not one that can be told.</exception>
    public static string ValueOf(Pod pod, string path, Surroundings around)
    {
        if (Subscript(path, "metadata.labels") is { } label)
        {
            return pod.Metadata.Labels?.GetValueOrDefault(label) ?? "";
        }

        if (Subscript(path, "metadata.annotations") is { } annotation)
        {
            return pod.Metadata.Annotations?.GetValueOrDefault(annotation) ?? "";
        }

        return path switch
        {
            "metadata.name" => pod.Metadata.Name ?? "",
            "metadata.namespace" => pod.Metadata.Namespace ?? "",
            "metadata.uid" => pod.Metadata.Uid ?? "",
            "metadata.labels" => Lines(pod.Metadata.Labels),
            "metadata.annotations" => Lines(pod.Metadata.Annotations),
            "spec.nodeName" => around.NodeName,
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "default",
            "status.hostIP" or "status.hostIPs" => around.HostIP,
            "status.podIP" or "status.podIPs" => around.PodIP,
            _ => throw new ReferenceException($"unsupported fieldPath: {path}"),
        };
    }

    /// <summary>A resource of a container, divided and rounded up.</summary>
    /// <exception cref="ReferenceException">The resource or the container is unknown.</exception>
    public static string ValueOf(Pod pod, ResourceFieldSelector selector, string? ownContainer, Surroundings around)
    {
        var name = string.IsNullOrEmpty(selector.ContainerName) ? ownContainer : selector.ContainerName;
        var container = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).FirstOrDefault(one => one.Name == name)
            ?? throw new ReferenceException($"container {name} not found");
        var dot = selector.Resource.IndexOf('.');
        var resource = dot < 0 ? "" : selector.Resource[(dot + 1)..];
        var quantity = selector.Resource[..Math.Max(dot, 0)] switch
        {
            "limits" => container.Resources?.Limits is { } limits && limits.TryGetValue(resource, out var limit) ? limit : around.Allocatable.GetValueOrDefault(resource),
            "requests" => container.Resources?.Requests is { } requests && requests.TryGetValue(resource, out var request) ? request : default,
            _ => throw new ReferenceException($"unsupported container resource : {selector.Resource}"),
        };
        return Divide(quantity, selector.Divisor, resource == "cpu");
    }

    private static string Divide(Quantity quantity, Quantity? divisor, bool cpu)
    {
        var by = divisor is { IsZero: false } given ? given : Quantity.From(1);
        return (cpu
            ? (long)Math.Ceiling(quantity.MilliValue / (double)by.MilliValue)
            : (long)Math.Ceiling(quantity.Value / (double)by.Value)).ToString();
    }

    // One `key="value"` a line, sorted, quoted as Go quotes.
    private static string Lines(IReadOnlyDictionary<string, string>? values) =>
        string.Join('\n', (values ?? new Dictionary<string, string>()).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}={Quote(one.Value)}"));

    private static string Quote(string value) =>
        "\"" + value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n").Replace("\r", "\\r").Replace("\t", "\\t") + "\"";

    private static string? Subscript(string path, string head) =>
        path.StartsWith(head + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) ? path[(head.Length + 2)..^2] : null;
}
