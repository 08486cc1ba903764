using System.Net;

namespace KubeAspire.ServiceProxy.Services;

/// <summary>Where a service port's traffic may go: one pod's port, or an address outside the cluster.</summary>
/// <param name="Address">Address and port to connect to.</param>
/// <param name="Pod">The pod's name; null for an address that is no pod's.</param>
/// <param name="PodUid">The pod's uid; null where the EndpointSlice names none.</param>
/// <param name="Node">The node's name; null where unknown.</param>
public sealed record ServiceEndpoint(IPEndPoint Address, string? Pod = null, string? PodUid = null, string? Node = null)
{
    /// <summary>The address as the beginning of a URL, such as <c>http://10.244.1.5:8080/</c>.</summary>
    public string HttpPrefix { get; } = $"http://{Address}/";
}
