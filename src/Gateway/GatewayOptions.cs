using System.ComponentModel.DataAnnotations;
using System.Net;
using KubeAspire.ServiceProxy;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway;

/// <summary>What one gateway serves and where. Bound from the <c>Gateway</c> section; a bad value stops start-up.</summary>
public sealed class GatewayOptions
{
    /// <summary>The configuration section these are bound from.</summary>
    public const string SectionName = "Gateway";

    /// <summary>Name of this gateway; its Lease is <c>gateway-&lt;name&gt;</c>. A DNS label.</summary>
    [Required]
    [RegularExpression("^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$")]
    public string Name { get; set; } = "gateway-1";

    /// <summary>Kubeconfig file with the gateway's identity. Required.</summary>
    [Required]
    public string Kubeconfig { get; set; } = "";

    /// <summary>Port of Ingress traffic without TLS, on every address; 0 for none.</summary>
    [Range(0, 65535)]
    public int HttpPort { get; set; } = 8080;

    /// <summary>Port of Ingress traffic with TLS, on every address; 0 for none.</summary>
    [Range(0, 65535)]
    public int HttpsPort { get; set; } = 8443;

    /// <summary>Port of <c>/healthz</c> and <c>/readyz</c> on loopback; 0 for none.</summary>
    [Range(0, 65535)]
    public int HealthPort { get; set; }

    /// <summary>Network of the ClusterIPs, in CIDR notation.</summary>
    [Required]
    public string ServiceCidr { get; set; } = "10.96.0.0/12";

    /// <summary>Network of the pods, in CIDR notation.</summary>
    [Required]
    public string PodCidr { get; set; } = "10.244.0.0/16";

    /// <summary>Whether to make the ClusterIPs addresses of this machine. Without it ClusterIPs are not served from here.</summary>
    public bool ServeClusterIPs { get; set; } = true;

    /// <summary>The cluster's DNS domain.</summary>
    [Required]
    public string ClusterDomain { get; set; } = "cluster.local";

    /// <summary>Addresses for DNS beside the ClusterIP of kube-system/kube-dns, such as <c>127.0.0.1:5353</c>, separated by commas; empty for none.</summary>
    public string DnsListen { get; set; } = "";

    /// <summary>File with the resolvers for names outside the cluster.</summary>
    [Required]
    public string ResolvConf { get; set; } = "/etc/resolv.conf";

    /// <summary>Address that Ingresses show in their status. Empty: the first IPv4 address of this machine that is not loopback.</summary>
    public string AdvertiseAddress { get; set; } = "";

    /// <summary>Nodes whose pods are local to this gateway, separated by commas, for the traffic policy Local. Empty: all.</summary>
    public string LocalNodes { get; set; } = "";

    /// <summary>Largest body of a request through an Ingress, in bytes. 10 MiB.</summary>
    [Range(0, long.MaxValue)]
    public long MaxIngressBodyBytes { get; set; } = 10L << 20;

    /// <summary>How long the Lease stays valid unrenewed. Default 40 s; it is renewed at a quarter of that.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "00:10:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>Whether endpoints on loopback addresses are served. Only for tests, whose pods are sockets of one process.</summary>
    public bool AllowLoopbackEndpoints { get; set; }

    /// <summary>The routing table's part of these.</summary>
    internal RoutingOptions ToRoutingOptions()
    {
        var nodes = Split(LocalNodes).ToHashSet(StringComparer.Ordinal);
        var defaults = new RoutingOptions();
        return defaults with
        {
            LocalNodes = nodes.Count == 0 ? null : nodes,
            ClusterNetworks = [IPNetwork.Parse(PodCidr), IPNetwork.Parse(ServiceCidr)],
            RefusedNetworks = AllowLoopbackEndpoints ? [.. defaults.RefusedNetworks.Where(network => !IPAddress.IsLoopback(network.BaseAddress))] : defaults.RefusedNetworks,
        };
    }

    internal static IEnumerable<string> Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>Checks each attribute above; generated, so start-up pays no reflection.</summary>
[OptionsValidator]
internal sealed partial class GatewayOptionsAttributes : IValidateOptions<GatewayOptions>;

/// <summary>Checks what attributes cannot say.</summary>
internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    private readonly GatewayOptionsAttributes _attributes = new();

    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        var failures = new List<string>();
        var attributes = _attributes.Validate(name, options);
        failures.AddRange(attributes.Failures ?? []);
        foreach (var (setting, value) in new[] { (nameof(options.ServiceCidr), options.ServiceCidr), (nameof(options.PodCidr), options.PodCidr) })
        {
            if (!IPNetwork.TryParse(value, out _))
            {
                failures.Add($"Gateway:{setting} \"{value}\" is not a network in CIDR notation, such as 10.96.0.0/12.");
            }
        }

        failures.AddRange(GatewayOptions.Split(options.DnsListen).Where(text => !IPEndPoint.TryParse(text, out _))
            .Select(text => $"Gateway:DnsListen \"{text}\" is not an address with a port, such as 127.0.0.1:5353."));
        if (options.AdvertiseAddress.Length > 0 && !IPAddress.TryParse(options.AdvertiseAddress, out _))
        {
            failures.Add($"Gateway:AdvertiseAddress \"{options.AdvertiseAddress}\" is not an IP address.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
