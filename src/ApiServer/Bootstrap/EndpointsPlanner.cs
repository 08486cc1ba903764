using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;

namespace KubeAspire.ApiServer.Bootstrap;

/// <summary>Where an API server is reached.</summary>
internal readonly record struct ServerAddress(string Address, int Port);

/// <summary>What the endpoints of the Service <c>kubernetes</c> are, given the API servers that live. Pure.</summary>
/// <remarks>Servers of one machine share an address but no port, so the servers are grouped by port. Every server comes to the same result, so that they do not undo each other's work.</remarks>
internal static class EndpointsPlanner
{
    /// <summary>Name and namespace of the Service.</summary>
    public static readonly ObjectKey Service = new("default", "kubernetes");

    /// <summary>The label by which a slice names its Service.</summary>
    public const string ServiceLabel = "kubernetes.io/service-name";

    /// <summary>The endpoints: a subset a port.</summary>
    public static Endpoints Endpoints(IEnumerable<ServerAddress> live) => new()
    {
        Metadata = new ObjectMeta
        {
            // The slices are written here, not mirrored.
            Name = Service.Name, Namespace = Service.Namespace, Labels = new Dictionary<string, string> { ["endpointslice.kubernetes.io/skip-mirror"] = "true" },
        },
        Subsets =
        [
            .. ByPort(live).Select(group => new EndpointSubset
            {
                Addresses = [.. group.Addresses.Select(address => new EndpointAddress { Ip = address })],
                Ports = [new Resources.Core.EndpointPort { Name = "https", Port = group.Port, Protocol = "TCP" }],
            }),
        ],
    };

    /// <summary>The slices, one a port: that of the lowest port has the Service's name, as where there is one server.</summary>
    public static IReadOnlyList<EndpointSlice> Slices(IEnumerable<ServerAddress> live) =>
    [
        .. ByPort(live).Select((group, at) => new EndpointSlice
        {
            Metadata = new ObjectMeta
            {
                Name = at == 0 ? Service.Name : string.Create(CultureInfo.InvariantCulture, $"{Service.Name}-{group.Port}"),
                Namespace = Service.Namespace,
                Labels = new Dictionary<string, string> { [ServiceLabel] = Service.Name },
            },
            AddressType = "IPv4",
            Endpoints = [.. group.Addresses.Select(address => new Endpoint { Addresses = [address], Conditions = new EndpointConditions { Ready = true } })],
            Ports = [new Resources.Discovery.EndpointPort { Name = "https", Port = group.Port, Protocol = "TCP" }],
        }),
    ];

    /// <summary>Whether a slice is one of those written here.</summary>
    public static bool IsOurs(EndpointSlice slice) =>
        slice.Metadata.Labels?.GetValueOrDefault(ServiceLabel) == Service.Name && slice.Metadata.Name is { } name
        && (name == Service.Name || (name.StartsWith(Service.Name + "-", StringComparison.Ordinal) && ushort.TryParse(name[(Service.Name.Length + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _)));

    /// <summary>Whether endpoints say the same.</summary>
    public static bool Same(Endpoints stored, Endpoints wanted) => (stored.Subsets ?? []).SelectMany(Addresses).SequenceEqual((wanted.Subsets ?? []).SelectMany(Addresses));

    /// <summary>Whether slices say the same.</summary>
    public static bool Same(EndpointSlice stored, EndpointSlice wanted) => Addresses(stored).SequenceEqual(Addresses(wanted));

    private static IEnumerable<(int Port, List<string> Addresses)> ByPort(IEnumerable<ServerAddress> live) => live.Distinct()
        .GroupBy(server => server.Port, (port, servers) => (port, servers.Select(server => server.Address).Order(StringComparer.Ordinal).ToList())).OrderBy(group => group.port);

    private static IEnumerable<ServerAddress> Addresses(EndpointSubset subset) =>
        (subset.Ports ?? []).SelectMany(port => (subset.Addresses ?? []).Select(address => new ServerAddress(address.Ip, port.Port)));

    private static IEnumerable<ServerAddress> Addresses(EndpointSlice slice) => (slice.Ports ?? []).SelectMany(port =>
        (slice.Endpoints ?? []).Where(endpoint => endpoint.Conditions?.Ready == true).SelectMany(endpoint => endpoint.Addresses ?? []).Select(address => new ServerAddress(address, port.Port ?? 0)));
}
