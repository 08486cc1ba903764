using System.Net;
using System.Net.Sockets;

namespace KubeAspire.Controllers.NodeIpam;

/// <summary>The /24 networks of an IPv4 network. The first one is not handed out: its first address is the bridge that all share.</summary>
internal sealed class CidrSet
{
    /// <summary>Bits of a node's network. 24: 254 pods a node, as upstream's --node-cidr-mask-size.</summary>
    public const int NodeBits = 24;

    private readonly uint _base;

    /// <summary>A set over a network.</summary>
    /// <exception cref="FormatException">The text is no IPv4 network of at most 23 bits.</exception>
    public CidrSet(string cidr)
    {
        if (!IPNetwork.TryParse(cidr, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork || network.PrefixLength >= NodeBits)
        {
            throw new FormatException($"cluster CIDR \"{cidr}\" is no IPv4 network with room for /{NodeBits} networks");
        }

        _base = ToNumber(network.BaseAddress);
        Count = 1 << (NodeBits - network.PrefixLength);
    }

    /// <summary>Networks in all, the unused first one included.</summary>
    public int Count { get; }

    /// <summary>The lowest free network, or null where all are taken.</summary>
    public string? Lowest(IReadOnlySet<string> taken)
    {
        for (var index = 1; index < Count; index++)
        {
            if (At(index) is var candidate && !taken.Contains(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>The network of an index.</summary>
    public string At(int index)
    {
        var address = _base + ((uint)index << (32 - NodeBits));
        return $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}/{NodeBits}";
    }

    private static uint ToNumber(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return ((uint)bytes[0] << 24) | ((uint)bytes[1] << 16) | ((uint)bytes[2] << 8) | bytes[3];
    }
}
