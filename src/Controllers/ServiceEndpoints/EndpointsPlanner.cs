using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.ServiceEndpoints;

/// <summary>Decides what the Endpoints object of a Service says. No API, no clock, no logger.</summary>
internal static class EndpointsPlanner
{
    /// <summary>Most addresses of an Endpoints object. 1000, upstream's maxCapacity.</summary>
    public const int AddressesMax = 1000;

    /// <summary>Says that addresses were left out.</summary>
    public const string OverCapacity = "endpoints.kubernetes.io/over-capacity";

    /// <summary>The label that names who writes the object.</summary>
    public const string ManagedBy = "endpoints.kubernetes.io/managed-by";

    /// <summary>This controller's value of <see cref="ManagedBy"/>.</summary>
    public const string Manager = "endpoint-controller";

    private const string Headless = "service.kubernetes.io/headless";

    /// <summary>The object as it should be.</summary>
    /// <param name="service">The Service; has a selector.</param>
    /// <param name="pods">The pods it selects.</param>
    /// <param name="current">The object as it is, or null.</param>
    public static Endpoints Plan(Service service, IReadOnlyList<Pod> pods, Endpoints? current)
    {
        var family = service.Spec.IpFamilies is { Count: > 0 } families ? families[0] : "IPv4";
        var unready = service.Spec.PublishNotReadyAddresses == true;
        var byPort = new Dictionary<(string Name, int Port, string Protocol, string? App), List<(EndpointAddress Address, bool Ready)>>();
        List<(EndpointAddress Address, bool Ready)> portless = [];
        var eligible = pods.Where(pod => ServicePods.Eligible(pod, includeTerminating: unready)).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal).ToList();

        // Ready addresses are the last to be left out.
        var shown = eligible.Count > AddressesMax ? eligible.OrderByDescending(PodFacts.IsReady).Take(AddressesMax) : eligible;
        foreach (var pod in shown)
        {
            if (ServicePods.AddressOf(pod, family) is not { } ip)
            {
                continue;
            }

            var entry = (AddressOf(service, pod, ip), unready || PodFacts.IsReady(pod));
            if (service.Spec.Ports is not { Count: > 0 })
            {
                portless.Add(entry);
                continue;
            }

            foreach (var port in service.Spec.Ports)
            {
                if (ServicePods.PortOf(pod, port) is { } number)
                {
                    var key = (port.Name ?? "", number, port.Protocol ?? "TCP", port.AppProtocol);
                    (byPort.TryGetValue(key, out var list) ? list : byPort[key] = []).Add(entry);
                }
            }
        }

        var subsets = portless.Count > 0 ? [SubsetOf([], portless)] : Repack(byPort);
        return new Endpoints { Metadata = MetadataOf(service, current, eligible.Count > AddressesMax), Subsets = subsets.Count == 0 ? null : subsets };
    }

    // Ports that have the very same addresses share a subset.
    private static List<EndpointSubset> Repack(Dictionary<(string Name, int Port, string Protocol, string? App), List<(EndpointAddress Address, bool Ready)>> byPort) =>
    [
        .. byPort.OrderBy(pair => pair.Key.Name, StringComparer.Ordinal).ThenBy(pair => pair.Key.Port)
            .GroupBy(pair => string.Join(';', pair.Value.Select(entry => $"{entry.Address.Ip}/{entry.Address.TargetRef?.Uid}/{entry.Ready}")))
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => SubsetOf(
                [.. group.Select(pair => new EndpointPort
                {
                    Name = pair.Key.Name.Length == 0 ? null : pair.Key.Name,
                    Port = pair.Key.Port,
                    Protocol = pair.Key.Protocol,
                    AppProtocol = pair.Key.App,
                })],
                group.First().Value)),
    ];

    private static EndpointSubset SubsetOf(List<EndpointPort> ports, List<(EndpointAddress Address, bool Ready)> entries)
    {
        List<EndpointAddress> ready = [.. entries.Where(entry => entry.Ready).Select(entry => entry.Address)];
        List<EndpointAddress> notReady = [.. entries.Where(entry => !entry.Ready).Select(entry => entry.Address)];
        return new EndpointSubset
        {
            Addresses = ready.Count == 0 ? null : ready,
            NotReadyAddresses = notReady.Count == 0 ? null : notReady,
            Ports = ports.Count == 0 ? null : ports,
        };
    }

    private static EndpointAddress AddressOf(Service service, Pod pod, string ip) => new()
    {
        Ip = ip,
        Hostname = ServicePods.HostnameOf(pod, service),
        NodeName = string.IsNullOrEmpty(pod.Spec.NodeName) ? null : pod.Spec.NodeName,
        TargetRef = new ObjectReference { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
    };

    private static ObjectMeta MetadataOf(Service service, Endpoints? current, bool overCapacity)
    {
        var labels = new Dictionary<string, string>(service.Metadata.Labels ?? new Dictionary<string, string>()) { [ManagedBy] = Manager };
        labels.Remove(Headless);
        if (ServicePods.IsHeadless(service))
        {
            labels[Headless] = "";
        }

        var annotations = new Dictionary<string, string>(current?.Metadata.Annotations ?? new Dictionary<string, string>());
        annotations.Remove(OverCapacity);
        if (overCapacity)
        {
            annotations[OverCapacity] = "truncated";
        }

        var metadata = current?.Metadata ?? new ObjectMeta { Name = service.Metadata.Name, Namespace = service.Metadata.Namespace };
        return metadata with { Labels = labels, Annotations = annotations.Count == 0 ? null : annotations };
    }
}
