using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Services;

/// <summary>Gives Services their cluster addresses and node ports. Each is given once: those of the stored Services are taken, and one Service is written at a time.</summary>
/// <remarks>The first 16th of the range (between 16 and 256 addresses) is left to those who ask for an address by name: upstream's static band.</remarks>
public sealed class ServiceAddresses
{
    /// <summary>First node port: upstream's default range.</summary>
    public const int FirstNodePort = 30000;

    /// <summary>Last node port.</summary>
    public const int LastNodePort = 32767;

    private readonly IStateEngine _engine;
    private readonly Random _random;
    private readonly uint _first;
    private readonly uint _size;

    /// <summary>Serves a range such as <c>10.96.0.0/12</c>.</summary>
    public ServiceAddresses(IStateEngine engine, IPNetwork range, Random random)
    {
        (_engine, _random) = (engine, random);
        _first = ToNumber(range.BaseAddress);
        _size = 1u << (32 - range.PrefixLength);
    }

    /// <summary>Fills in what a Service leaves to the cluster, and refuses what is taken.</summary>
    /// <param name="service">The Service about to be stored.</param>
    /// <param name="stored">The Service as it is stored; null for a new one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<ApiError?> AllocateAsync(JsonObject service, JsonObject? stored, CancellationToken cancellationToken)
    {
        if (service["spec"] is not JsonObject spec)
        {
            return null;
        }

        var type = spec.Text("type") is { Length: > 0 } text ? text : "ClusterIP";
        var before = stored?["spec"] as JsonObject;
        var name = service.Meta().Text("name");
        if (type == "ExternalName")
        {
            if (before is not null && before.Text("type") != "ExternalName")
            {
                spec.Remove("clusterIP");
                spec.Remove("clusterIPs");
            }

            return null;
        }

        var (addresses, ports) = await TakenAsync(service.Meta().Text("namespace"), name, cancellationToken);
        return AllocateAddress(spec, before, name, addresses) ?? AllocatePorts(spec, before, type, name, ports);
    }

    private ApiError? AllocateAddress(JsonObject spec, JsonObject? before, string name, HashSet<string> taken)
    {
        // An update that leaves the address out keeps it.
        var wanted = spec.Text("clusterIP") is { Length: > 0 } asked ? asked : before?.Text("clusterIP") ?? "";
        if (wanted.Length == 0)
        {
            wanted = FreeAddress(taken) ?? "";
            if (wanted.Length == 0)
            {
                return ApiErrors.InternalError("failed to allocate IP: range is full");
            }
        }
        else if (wanted != "None" && wanted != before?.Text("clusterIP"))
        {
            if (!IPAddress.TryParse(wanted, out var address) || address.AddressFamily != AddressFamily.InterNetwork || !InRange(address))
            {
                return Invalid(name, "spec.clusterIPs", $"[\"{wanted}\"]", "failed to allocate IP " + wanted + ": the provided IP is not in the valid range. The range of valid IPs is " + Range);
            }

            if (taken.Contains(wanted))
            {
                return Invalid(name, "spec.clusterIPs", $"[\"{wanted}\"]", $"failed to allocate IP {wanted}: provided IP is already allocated");
            }
        }

        spec["clusterIP"] = wanted;
        spec["clusterIPs"] = new JsonArray(JsonValue.Create(wanted));
        spec["ipFamilies"] ??= new JsonArray("IPv4");
        spec["ipFamilyPolicy"] ??= "SingleStack";
        return null;
    }

    private ApiError? AllocatePorts(JsonObject spec, JsonObject? before, string type, string name, HashSet<int> taken)
    {
        var ports = (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        if (type is not ("NodePort" or "LoadBalancer"))
        {
            var kept = (before?["ports"] as JsonArray ?? []).OfType<JsonObject>().Select(port => port.Number("nodePort")).ToHashSet();
            foreach (var port in ports.Where(port => kept.Contains(port.Number("nodePort"))))
            {
                port.Remove("nodePort"); // What the type no longer needs goes back.
            }

            return null;
        }

        var mine = new HashSet<int>();
        for (var i = 0; i < ports.Count; i++)
        {
            var asked = (int)(ports[i].Number("nodePort") ?? 0);
            if (asked == 0)
            {
                asked = Kept(before, ports[i]);
            }

            if (asked == 0)
            {
                continue;
            }

            if (asked is < FirstNodePort or > LastNodePort)
            {
                return Invalid(name, $"spec.ports[{i}].nodePort", $"{asked}", $"provided port is not in the valid range. The range of valid ports is {FirstNodePort}-{LastNodePort}");
            }

            // TCP and UDP of one Service may share a number.
            if (taken.Contains(asked))
            {
                return Invalid(name, $"spec.ports[{i}].nodePort", $"{asked}", "provided port is already allocated");
            }

            ports[i]["nodePort"] = asked;
            mine.Add(asked);
        }

        foreach (var port in ports.Where(port => (port.Number("nodePort") ?? 0) == 0))
        {
            if (FreePort(taken, mine) is not { } free)
            {
                return ApiErrors.InternalError("failed to allocate a nodePort: range is full");
            }

            port["nodePort"] = free;
            mine.Add(free);
        }

        return null;
    }

    private static int Kept(JsonObject? before, JsonObject port) => (int)((before?["ports"] as JsonArray ?? []).OfType<JsonObject>()
        .FirstOrDefault(old => old.Number("port") == port.Number("port") && old.Text("protocol") == port.Text("protocol"))?.Number("nodePort") ?? 0);

    private async ValueTask<(HashSet<string> Addresses, HashSet<int> Ports)> TakenAsync(string ns, string name, CancellationToken cancellationToken)
    {
        var addresses = new HashSet<string>();
        var ports = new HashSet<int>();
        var page = await _engine.ListAsync(new StateRange("services"), 0, 0, null, cancellationToken);
        foreach (var entry in page.Entries)
        {
            if (entry.Key.Namespace == ns && entry.Key.Name == name)
            {
                continue;
            }

            var service = (Service)entry.View<IKubernetesObject>(found => KubernetesJson.Read<Service>(found.Json.Span));
            addresses.UnionWith(service.Spec.ClusterIPs ?? []);
            ports.UnionWith((service.Spec.Ports ?? []).Select(port => port.NodePort ?? 0));
        }

        return (addresses, ports);
    }

    private string Range => $"{FromNumber(_first)}/{32 - int.Log2((int)_size)}";

    private bool InRange(IPAddress address) => ToNumber(address) is var number && number > _first && number < _first + _size - 1;

    private string? FreeAddress(HashSet<string> taken)
    {
        var reserved = Math.Clamp(_size / 16, 16, 256);
        var (low, count) = _size > reserved * 2 ? (_first + reserved, _size - reserved - 1) : (_first + 1, _size - 2);
        lock (_random)
        {
            var start = (uint)_random.NextInt64(count);
            for (uint i = 0; i < count; i++)
            {
                var address = FromNumber(low + ((start + i) % count)).ToString();
                if (!taken.Contains(address))
                {
                    return address;
                }
            }
        }

        return null;
    }

    private int? FreePort(HashSet<int> taken, HashSet<int> mine)
    {
        const int Count = LastNodePort - FirstNodePort + 1;
        lock (_random)
        {
            var start = _random.Next(Count);
            for (var i = 0; i < Count; i++)
            {
                var port = FirstNodePort + ((start + i) % Count);
                if (!taken.Contains(port) && !mine.Contains(port))
                {
                    return port;
                }
            }
        }

        return null;
    }

    private static ApiError Invalid(string name, string field, string value, string detail) =>
        ApiErrors.Invalid(Service.ResourceType, name, [FieldError.Invalid(field, value, detail)]);

    private static uint ToNumber(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress FromNumber(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
