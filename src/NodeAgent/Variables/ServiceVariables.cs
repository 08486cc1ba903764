using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Variables;

/// <summary>The variables that tell a container where Services are.</summary>
/// <remarks>Names as in "Discovering services", and the Docker link form beside them.</remarks>
internal static class ServiceVariables
{
    /// <summary>Variables of the Services of a pod's namespace, and always of <c>default/kubernetes</c>.</summary>
    public static IEnumerable<(string Name, string Value)> Of(IEnumerable<Service> services, string ns, bool links) =>
        services
            .Where(service => service.Spec.ClusterIP is not (null or "" or "None") && service.Spec.Ports is { Count: > 0 })
            .Where(service => IsMaster(service) || (links && service.Metadata.Namespace == ns))
            // A Service called kubernetes in the pod's own namespace comes last, and wins.
            .OrderBy(service => service.Metadata.Namespace == ns)
            .ThenBy(service => service.Metadata.Name, StringComparer.Ordinal)
            .SelectMany(Of);

    private static bool IsMaster(Service service) => service.Metadata is { Namespace: "default", Name: "kubernetes" };

    private static IEnumerable<(string Name, string Value)> Of(Service service)
    {
        var prefix = VariableName(service.Metadata.Name!);
        var ip = service.Spec.ClusterIP!;
        var ports = service.Spec.Ports!;
        yield return ($"{prefix}_SERVICE_HOST", ip);
        yield return ($"{prefix}_SERVICE_PORT", ports[0].Port.ToString());
        foreach (var port in ports.Where(port => !string.IsNullOrEmpty(port.Name)))
        {
            yield return ($"{prefix}_SERVICE_PORT_{VariableName(port.Name!)}", port.Port.ToString());
        }

        for (var i = 0; i < ports.Count; i++)
        {
            var protocol = (ports[i].Protocol ?? "TCP").ToUpperInvariant();
            var url = $"{protocol.ToLowerInvariant()}://{ip}:{ports[i].Port}";
            var link = $"{prefix}_PORT_{ports[i].Port}_{protocol}";
            if (i == 0)
            {
                yield return ($"{prefix}_PORT", url);
            }

            yield return (link, url);
            yield return ($"{link}_PROTO", protocol.ToLowerInvariant());
            yield return ($"{link}_PORT", ports[i].Port.ToString());
            yield return ($"{link}_ADDR", ip);
        }
    }

    private static string VariableName(string name) => name.ToUpperInvariant().Replace('-', '_');
}
