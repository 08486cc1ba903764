using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace KubeAspire.Gateway.Network;

/// <summary>The address under which this machine is reached.</summary>
internal static class MachineAddress
{
    /// <summary>The configured address, or the first IPv4 address that is neither loopback nor a container bridge's, or loopback.</summary>
    public static string Of(GatewayOptions options)
    {
        if (options.AdvertiseAddress.Length > 0)
        {
            return options.AdvertiseAddress;
        }

        var pods = IPNetwork.Parse(options.PodCidr);
        return NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback
                && !card.Name.StartsWith("docker", StringComparison.Ordinal) && !card.Name.StartsWith("br-", StringComparison.Ordinal))
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !pods.Contains(address))
            .Select(address => address.ToString())
            .FirstOrDefault() ?? "127.0.0.1";
    }
}
