using System.Net;
using System.Net.Sockets;
using KubeAspire.Client.Informers;
using KubeAspire.Resources.Discovery;
using Microsoft.Extensions.Hosting;

namespace KubeAspire.Client.Rest;

/// <summary>
/// Learns from the cluster which API servers it has: the endpoints of the Service <c>default/kubernetes</c>, from the informer of EndpointSlices
/// that a component follows anyway. To be made before the informers start.
/// </summary>
public sealed class ApiServerFinder : IHostedService
{
    private const string Namespace = "default";
    private const string ServiceName = "kubernetes";
    private const string ServiceNameLabel = "kubernetes.io/service-name";
    private const string PortName = "https";

    private readonly IInformer<EndpointSlice> _slices;
    private readonly ApiServerSet _servers;

    /// <summary>Listens from now on.</summary>
    public ApiServerFinder(IInformerFactory informers, ApiServerSet servers)
    {
        ArgumentNullException.ThrowIfNull(informers);
        (_slices, _servers) = (informers.For<EndpointSlice>(), servers);
        _slices.AddHandler(OnChange);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The servers that slices name, in order of address: everywhere the same.</summary>
    internal static IReadOnlyList<Uri> ServersOf(IEnumerable<EndpointSlice> slices) =>
    [
        .. slices.Where(IsOfTheApi)
            .SelectMany(slice => (slice.Ports ?? []).Where(port => port.Name is null or "" or PortName && port.Port is > 0)
                .SelectMany(port => (slice.Endpoints ?? []).Where(endpoint => endpoint.Conditions?.Ready != false)
                    .SelectMany(endpoint => endpoint.Addresses ?? [])
                    .Select(address => ServerAt(address, port.Port!.Value))))
            .OfType<Uri>()
            .Distinct()
            .OrderBy(server => server.Authority, StringComparer.Ordinal),
    ];

    private static bool IsOfTheApi(EndpointSlice slice) =>
        slice.Metadata.Namespace == Namespace && slice.Metadata.Labels?.GetValueOrDefault(ServiceNameLabel) == ServiceName;

    private static Uri? ServerAt(string address, int port) => IPAddress.TryParse(address, out var parsed)
        ? new UriBuilder(Uri.UriSchemeHttps, parsed.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{parsed}]" : parsed.ToString(), port).Uri : null;

    private void OnChange(EndpointSlice? old, EndpointSlice? current)
    {
        if ((old is not null && IsOfTheApi(old)) || (current is not null && IsOfTheApi(current)))
        {
            _servers.Found(ServersOf(_slices.List(Namespace)));
        }
    }
}
