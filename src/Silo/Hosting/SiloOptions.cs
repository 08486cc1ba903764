using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace KubeAspire.Silo.Hosting;

/// <summary>How a control plane runs. Bound from the section <c>Silo</c>; a bad value stops the start.</summary>
public sealed class SiloOptions
{
    /// <summary>The configuration section these are bound from.</summary>
    public const string SectionName = "Silo";

    /// <summary>What a cluster is called in a Redis that it need not share with another.</summary>
    public const string UsualClusterName = "kubeaspire";

    /// <summary>Where state and keys are kept. Required.</summary>
    [Required]
    public string DataDirectory { get; set; } = "";

    /// <summary>Port of the API server; 0 for any free one.</summary>
    [Range(0, 65535)]
    public int Port { get; set; } = 6443;

    /// <summary>The address at which nodes and pods reach the API server. By default the first that is not loopback.</summary>
    public string AdvertiseAddress { get; set; } = "";

    /// <summary>The range of cluster addresses, IPv4. The API's own Service has the first address, the cluster's DNS the tenth.</summary>
    [RegularExpression(@"^\d+\.\d+\.\d+\.\d+/\d+$")]
    public string ServiceCidr { get; set; } = "10.96.0.0/12";

    /// <summary>Where the administrator's kubeconfig is written; none where empty.</summary>
    public string KubeconfigPath { get; set; } = "";

    /// <summary>Folder for the kubeconfigs of <see cref="Credentials"/>.</summary>
    public string CredentialsDirectory { get; set; } = "";

    /// <summary>Who gets a kubeconfig, as <c>node:node-1,gateway:gateway-1</c>.</summary>
    public string Credentials { get; set; } = "";

    /// <summary>What this silo is called among the others; by default the machine's name with its API's port.</summary>
    public string Name { get; set; } = "";

    /// <summary>The cluster's name in Redis: silos of one name are one cluster.</summary>
    [RegularExpression("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
    public string ClusterName { get; set; } = UsualClusterName;

    /// <summary>The address at which the other silos reach this one. By default loopback: silos of one machine, whose traffic nobody else sees.</summary>
    public string ClusterAddress { get; set; } = "";

    /// <summary>The port that the other silos reach this one at; 0 for any free one.</summary>
    [Range(0, 65535)]
    public int ClusterPort { get; set; }

    /// <summary><see cref="Name"/>, or what stands for it.</summary>
    public string EffectiveName() => Name.Length > 0 ? Name : $"{Environment.MachineName.ToLowerInvariant()}-{Port}";

    /// <summary><see cref="ClusterAddress"/>, or what stands for it.</summary>
    public string EffectiveClusterAddress() => ClusterAddress.Length > 0 ? ClusterAddress : IPAddress.Loopback.ToString();

    /// <summary>Most changes kept for watches and for lists in chunks; what asks for an older one is answered 410. Default 100,000, the store's own.</summary>
    [Range(1, 10_000_000)]
    public int HistoryEvents { get; set; } = 100_000;

    /// <summary>The address at a place in <see cref="ServiceCidr"/>.</summary>
    public string ServiceAddress(byte place)
    {
        var bytes = IPNetwork.Parse(ServiceCidr).BaseAddress.GetAddressBytes();
        bytes[^1] += place;
        return new IPAddress(bytes).ToString();
    }

    /// <summary><see cref="AdvertiseAddress"/>, or the one that it stands for.</summary>
    public string EffectiveAddress() => AdvertiseAddress.Length > 0 ? AdvertiseAddress : FirstAddress() ?? IPAddress.Loopback.ToString();

    private static string? FirstAddress()
    {
        foreach (var network in NetworkInterface.GetAllNetworkInterfaces())
        {
            // Docker's own bridges come and go; they are nobody's way to this machine.
            if (network.OperationalStatus != OperationalStatus.Up || network.NetworkInterfaceType == NetworkInterfaceType.Loopback
                || network.Name.StartsWith("docker", StringComparison.Ordinal) || network.Name.StartsWith("br-", StringComparison.Ordinal)
                || network.Name.StartsWith("veth", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (var address in network.GetIPProperties().UnicastAddresses)
            {
                if (address.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address.Address))
                {
                    return address.Address.ToString();
                }
            }
        }

        return null;
    }
}

/// <summary>Checks the attributes; generated, so that the start pays no reflection.</summary>
[OptionsValidator]
internal sealed partial class SiloOptionsValidator : IValidateOptions<SiloOptions>;
