using System.Net;
using System.Net.Sockets;
using KubeAspire.Resources.Discovery;

namespace KubeAspire.ServiceProxy.Services;

/// <summary>Decides whether a Service may send traffic to an endpoint.</summary>
/// <remarks>
/// CVE-2021-25740: who may write endpoints could reach pods of other namespaces through a proxy that is allowed to. Here an address of the cluster
/// is used only where the endpoint names a pod of the Service's own namespace; an address outside the cluster (a database, say) stays possible.
/// </remarks>
internal static class EndpointGuard
{
    /// <summary>Why the endpoint is refused, or null.</summary>
    public static string? RefusalOf(string ns, Endpoint endpoint, IPAddress address, RoutingOptions options)
    {
        if (Contains(options.RefusedNetworks, address))
        {
            return $"address {address} is not one that an endpoint may have";
        }

        var target = endpoint.TargetRef;
        if (target is { Kind: "Pod" })
        {
            return string.IsNullOrEmpty(target.Namespace) || target.Namespace == ns
                ? null
                : $"address {address} belongs to pod {target.Namespace}/{target.Name} of another namespace";
        }

        return Contains(options.ClusterNetworks, address)
            ? $"address {address} lies inside the cluster and the endpoint does not name a pod of namespace {ns}"
            : null;
    }

    private static bool Contains(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        foreach (var network in networks)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads an address as the API means it: dotted quads without leading zeros, or IPv6 where the slice says so.</summary>
    public static IPAddress? Parse(string text, string addressType)
    {
        if (!IPAddress.TryParse(text, out var address))
        {
            return null;
        }

        return (addressType, address.AddressFamily) switch
        {
            ("IPv6", AddressFamily.InterNetworkV6) => address,
            // Round trip: the parser reads 010.1 and 0x7f000001 as addresses, which other readers understand differently.
            ("IPv4" or "", AddressFamily.InterNetwork) when address.ToString() == text => address,
            _ => null,
        };
    }
}
