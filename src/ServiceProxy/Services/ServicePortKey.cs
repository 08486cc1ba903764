namespace KubeAspire.ServiceProxy.Services;

/// <summary>Names one port of one Service.</summary>
/// <param name="Namespace">The Service's namespace.</param>
/// <param name="Service">The Service's name.</param>
/// <param name="Port">The Service's port, not the pod's.</param>
/// <param name="Protocol">The transport.</param>
public readonly record struct ServicePortKey(string Namespace, string Service, int Port, ServiceProtocol Protocol)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Service}:{Port}/{(Protocol == ServiceProtocol.Udp ? "UDP" : "TCP")}";
}
