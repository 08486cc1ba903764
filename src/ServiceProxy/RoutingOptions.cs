using System.Net;

namespace KubeAspire.ServiceProxy;

/// <summary>What the routing table depends on beside the API's objects.</summary>
public sealed record RoutingOptions
{
    /// <summary>The <c>spec.controller</c> of the IngressClasses that are served here.</summary>
    public string IngressController { get; init; } = "kubeaspire.dev/gateway";

    /// <summary>Nodes whose pods count as local for the traffic policy <c>Local</c>. Null: all are, as on a cluster of one machine.</summary>
    public IReadOnlySet<string>? LocalNodes { get; init; }

    /// <summary>Networks in which an endpoint must be a pod of its Service's own namespace. By default the pod network and the service network.</summary>
    public IReadOnlyList<IPNetwork> ClusterNetworks { get; init; } = [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/12")];

    /// <summary>
    /// Networks that no endpoint may lie in: this machine's own loopback, link-local addresses (cloud metadata), multicast.
    /// </summary>
    public IReadOnlyList<IPNetwork> RefusedNetworks { get; init; } =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("224.0.0.0/3"),
        IPNetwork.Parse("::/127"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"),
    ];
}
