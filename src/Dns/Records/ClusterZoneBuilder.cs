using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Dns.Wire;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;

namespace KubeAspire.Dns.Records;

/// <summary>Makes the zone from the API's objects. Pure.</summary>
public sealed class ClusterZoneBuilder
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>Version of the specification, answered at <c>dns-version.&lt;domain&gt;</c>.</summary>
    private const string SchemaVersion = "1.1.0";

    private readonly Dictionary<string, List<DnsRecord>> _records = new(StringComparer.Ordinal);
    private readonly string _domain;

    private ClusterZoneBuilder(string domain) => _domain = domain;

    /// <summary>Builds the zone.</summary>
    public static ClusterZone Build(IReadOnlyCollection<Service> services, IReadOnlyCollection<EndpointSlice> slices, ClusterZoneOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(slices);
        ArgumentNullException.ThrowIfNull(options);
        var builder = new ClusterZoneBuilder(options.Domain);
        builder.Add(new TextRecord($"dns-version.{options.Domain}", ClusterZone.TimeToLive, SchemaVersion));
        var byService = slices.ToLookup(slice => new ObjectKey(slice.Metadata.Namespace ?? "", slice.Metadata.Labels?.GetValueOrDefault(ServiceNameLabel) ?? ""));
        var serial = 0UL;
        foreach (var service in services.OrderBy(ObjectKey.Of))
        {
            builder.Add(service, byService[ObjectKey.Of(service)]);
            serial = Math.Max(serial, ulong.TryParse(service.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0);
        }

        return new ClusterZone(builder._records, options, (uint)serial);
    }

    private void Add(Service service, IEnumerable<EndpointSlice> slices)
    {
        var name = $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{_domain}";
        if (service.Spec.Type == "ExternalName")
        {
            if (service.Spec.ExternalName is { Length: > 0 } target)
            {
                Add(new CanonicalNameRecord(name, ClusterZone.TimeToLive, target.TrimEnd('.').ToLowerInvariant()));
            }

            return;
        }

        if (service.Spec.ClusterIP is "None")
        {
            AddHeadless(name, slices);
        }
        else if (IPAddress.TryParse(service.Spec.ClusterIP, out var clusterIP))
        {
            AddClusterIP(service, name, clusterIP);
        }
    }

    private void AddClusterIP(Service service, string name, IPAddress clusterIP)
    {
        foreach (var text in service.Spec.ClusterIPs is { Count: > 0 } all ? all : [clusterIP.ToString()])
        {
            if (IPAddress.TryParse(text, out var address))
            {
                Add(new AddressRecord(name, ClusterZone.TimeToLive, address));
                AddPointer(address, name);
            }
        }

        foreach (var port in service.Spec.Ports ?? [])
        {
            if (port.Name is { Length: > 0 })
            {
                Add(new ServiceRecord(ServiceName(port.Name, port.Protocol, name), ClusterZone.TimeToLive, 0, 100, (ushort)port.Port, name));
            }
        }
    }

    private void AddHeadless(string name, IEnumerable<EndpointSlice> slices)
    {
        var services = new List<ServiceRecord>();
        foreach (var slice in slices.Where(slice => slice.AddressType != "FQDN"))
        {
            foreach (var endpoint in slice.Endpoints ?? [])
            {
                // publishNotReadyAddresses is the endpoint controller's work: it marks all as ready.
                if (endpoint.Conditions?.Ready == false)
                {
                    continue;
                }

                foreach (var address in endpoint.Addresses.Select(text => IPAddress.TryParse(text, out var parsed) ? parsed : null).OfType<IPAddress>())
                {
                    var host = $"{(endpoint.Hostname is { Length: > 0 } hostname ? hostname : Dashed(address))}.{name}";
                    Add(new AddressRecord(name, ClusterZone.TimeToLive, address));
                    Add(new AddressRecord(host, ClusterZone.TimeToLive, address));
                    if (endpoint.Hostname is { Length: > 0 })
                    {
                        AddPointer(address, host);
                    }

                    services.AddRange((slice.Ports ?? []).Where(port => port is { Name.Length: > 0, Port: > 0 })
                        .Select(port => new ServiceRecord(ServiceName(port.Name!, port.Protocol, name), ClusterZone.TimeToLive, 0, 0, (ushort)port.Port!.Value, host)));
                }
            }
        }

        foreach (var named in services.Distinct().GroupBy(record => record.Name))
        {
            var weight = (ushort)Math.Max(100 / named.Count(), 1);
            foreach (var record in named)
            {
                Add(record with { Weight = weight });
            }
        }
    }

    private static string ServiceName(string port, string? protocol, string service) =>
        $"_{port}._{(string.IsNullOrEmpty(protocol) ? "tcp" : protocol.ToLowerInvariant())}.{service}";

    private static string Dashed(IPAddress address) => address.ToString().Replace('.', '-').Replace(':', '-');

    private void AddPointer(IPAddress address, string name)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            Add(new PointerRecord(ReverseNames.Of(address), ClusterZone.TimeToLive, name));
        }
    }

    private void Add(DnsRecord record)
    {
        if (!_records.TryGetValue(record.Name, out var records))
        {
            _records.Add(record.Name, records = []);
        }

        if (!records.Contains(record))
        {
            records.Add(record);
        }
    }
}
