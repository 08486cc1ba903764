using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.ServiceProxy.Ingresses;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.ServiceProxy;

/// <summary>Makes the routing table. Pure: no clock, no socket, no log; what cannot be routed is listed with its reason.</summary>
public static class RoutingTableBuilder
{
    /// <summary>Label of an EndpointSlice: the Service it belongs to.</summary>
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>Session affinity without a configured timeout. 10,800 s, the API's default.</summary>
    public static readonly TimeSpan DefaultAffinityTimeout = TimeSpan.FromSeconds(10_800);

    // The API server writes the endpoints of its own Service: its address may lie anywhere, and it is no pod.
    private static readonly ObjectKey ApiServerService = new("default", "kubernetes");

    /// <summary>Builds the table.</summary>
    public static RoutingTable Build(RoutingInput input, RoutingOptions options)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(options);
        var dropped = ImmutableArray.CreateBuilder<DroppedRoute>();
        var slices = input.EndpointSlices.ToLookup(ServiceOf);
        var ports = new Dictionary<ServicePortKey, ServicePortRoute>();
        var listeners = new Dictionary<(IPEndPoint, ServiceProtocol), ServiceListener>();

        // The older Service keeps an address that two claim; the API server should not let that happen.
        foreach (var service in input.Services.OrderBy(service => service.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue).ThenBy(ObjectKey.Of))
        {
            if (service.Spec.Type == "ExternalName")
            {
                continue;
            }

            if (service.Spec.ExternalIPs is { Count: > 0 })
            {
                dropped.Add(new("Service", ObjectKey.Of(service), "ExternalIPsIgnored", "spec.externalIPs are not served: whoever may write a Service could take over any address (CVE-2020-8554)"));
            }

            var own = slices[ObjectKey.Of(service)].OrderBy(ObjectKey.Of).ToList();
            ReportRefusedEndpoints(service, own, options, dropped);
            foreach (var port in service.Spec.Ports ?? [])
            {
                if (ProtocolOf(port.Protocol) is not { } protocol)
                {
                    dropped.Add(new("Service", ObjectKey.Of(service), "ProtocolNotSupported", $"port {port.Port} has protocol {port.Protocol}, which is not carried"));
                    continue;
                }

                var route = RouteOf(service, port, protocol, own, options);
                if (ports.TryAdd(route.Key, route))
                {
                    AddListeners(service, port, route, listeners, dropped);
                }
            }
        }

        return new RoutingTable
        {
            Ports = ports.ToFrozenDictionary(),
            Listeners = [.. listeners.Values],
            Ingress = IngressTableBuilder.Build(input, ports, options, dropped),
            EndpointsResourceVersion = input.EndpointSlices.Select(ResourceVersionOf).DefaultIfEmpty().Max(),
            Dropped = dropped.ToImmutable(),
        };
    }

    /// <summary>The resourceVersion of an object as a number; 0 where it has none.</summary>
    public static long ResourceVersionOf(IKubernetesObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return long.TryParse(value.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }

    private static ObjectKey ServiceOf(EndpointSlice slice) =>
        new(slice.Metadata.Namespace ?? "", slice.Metadata.Labels?.GetValueOrDefault(ServiceNameLabel) ?? "");

    private static ServiceProtocol? ProtocolOf(string? protocol) => protocol switch
    {
        null or "" or "TCP" => ServiceProtocol.Tcp,
        "UDP" => ServiceProtocol.Udp,
        _ => null,
    };

    private static ServicePortRoute RouteOf(Service service, ServicePort port, ServiceProtocol protocol, IReadOnlyList<EndpointSlice> slices, RoutingOptions options)
    {
        var spec = service.Spec;
        var candidates = CandidatesOf(service, port.Name ?? "", protocol, slices, options);
        var affinity = spec.SessionAffinity != "ClientIP" ? (TimeSpan?)null
            : spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds)
            : DefaultAffinityTimeout;

        return new ServicePortRoute
        {
            Key = new(service.Metadata.Namespace ?? "", service.Metadata.Name ?? "", port.Port, protocol),
            Name = port.Name ?? "",
            App = protocol == ServiceProtocol.Tcp ? AppProtocols.Of(port.AppProtocol, port.Name, service.Metadata.Annotations) : AppProtocol.Opaque,
            Internal = EndpointSelection.Usable(candidates, spec.InternalTrafficPolicy == "Local", options.LocalNodes),
            External = EndpointSelection.Usable(candidates, spec.ExternalTrafficPolicy == "Local", options.LocalNodes),
            AffinityTimeout = affinity,
        };
    }

    private static List<Candidate> CandidatesOf(Service service, string portName, ServiceProtocol protocol, IReadOnlyList<EndpointSlice> slices, RoutingOptions options)
    {
        var found = new List<Candidate>();
        foreach (var slice in slices)
        {
            foreach (var port in slice.Ports ?? [])
            {
                if ((port.Name ?? "") != portName || ProtocolOf(port.Protocol) != protocol || port.Port is not (> 0 and <= IPEndPoint.MaxPort))
                {
                    continue;
                }

                foreach (var endpoint in slice.Endpoints ?? [])
                {
                    // The first address stands for the endpoint, as in upstream's proxies.
                    if (endpoint.Addresses.Count == 0 || EndpointGuard.Parse(endpoint.Addresses[0], slice.AddressType) is not { } address
                        || !MayUse(service, endpoint, address, options, out _))
                    {
                        continue;
                    }

                    var ready = endpoint.Conditions?.Ready ?? true;
                    var pod = endpoint.TargetRef is { Kind: "Pod" } target ? target : null;
                    found.Add(new(
                        new ServiceEndpoint(new IPEndPoint(address, port.Port.Value), pod?.Name, pod?.Uid, endpoint.NodeName),
                        ready,
                        endpoint.Conditions?.Serving ?? ready,
                        endpoint.Conditions?.Terminating ?? false));
                }
            }
        }

        return found;
    }

    private static bool MayUse(Service service, Endpoint endpoint, IPAddress address, RoutingOptions options, out string? refusal)
    {
        refusal = ObjectKey.Of(service) == ApiServerService ? null : EndpointGuard.RefusalOf(service.Metadata.Namespace ?? "", endpoint, address, options);
        return refusal is null;
    }

    private static void ReportRefusedEndpoints(Service service, IReadOnlyList<EndpointSlice> slices, RoutingOptions options, ImmutableArray<DroppedRoute>.Builder dropped)
    {
        foreach (var slice in slices)
        {
            foreach (var endpoint in slice.Endpoints ?? [])
            {
                if (endpoint.Addresses.Count == 0 || slice.AddressType == "FQDN")
                {
                    continue;
                }

                if (EndpointGuard.Parse(endpoint.Addresses[0], slice.AddressType) is not { } address)
                {
                    dropped.Add(new("EndpointSlice", ObjectKey.Of(slice), "EndpointInvalid", $"\"{endpoint.Addresses[0]}\" is not an {slice.AddressType} address"));
                }
                else if (!MayUse(service, endpoint, address, options, out var refusal))
                {
                    dropped.Add(new("EndpointSlice", ObjectKey.Of(slice), "EndpointRefused", refusal!));
                }
            }
        }
    }

    private static void AddListeners(
        Service service,
        ServicePort port,
        ServicePortRoute route,
        Dictionary<(IPEndPoint, ServiceProtocol), ServiceListener> listeners,
        ImmutableArray<DroppedRoute>.Builder dropped)
    {
        void Add(ListenerKind kind, IPEndPoint address)
        {
            if (!listeners.TryAdd((address, route.Key.Protocol), new(kind, address, route.Key.Protocol, route.Key)))
            {
                dropped.Add(new("Service", ObjectKey.Of(service), "AddressTaken", $"{address} already serves {listeners[(address, route.Key.Protocol)].Key}"));
            }
        }

        if (service.Spec.ClusterIP is { Length: > 0 } and not "None" && IPAddress.TryParse(service.Spec.ClusterIP, out var clusterIP)
            && clusterIP.AddressFamily == AddressFamily.InterNetwork)
        {
            Add(ListenerKind.ClusterIP, new IPEndPoint(clusterIP, port.Port));
        }

        if (service.Spec.Type is "NodePort" or "LoadBalancer" && port.NodePort is > 0 and <= IPEndPoint.MaxPort)
        {
            Add(ListenerKind.NodePort, new IPEndPoint(IPAddress.Any, port.NodePort.Value));
        }
    }
}
