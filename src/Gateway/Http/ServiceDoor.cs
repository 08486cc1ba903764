using System.Net;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.Gateway.Http;

/// <summary>Connection feature: which service port the client connected to. Absent on Ingress connections.</summary>
internal sealed record ServiceDoor(ServicePortKey Key, ListenerKind Kind);

/// <summary>An address of Kestrel's that is no socket: connections come from the listeners of service ports.</summary>
internal sealed class ServiceEndPoint(string name) : EndPoint
{
    /// <summary>Connections that speak HTTP/1.1.</summary>
    public static readonly ServiceEndPoint Http1 = new("services-http1");

    /// <summary>Connections that began with the preface of HTTP/2.</summary>
    public static readonly ServiceEndPoint Http2 = new("services-h2c");

    /// <inheritdoc/>
    public override string ToString() => name;
}
