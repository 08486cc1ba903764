using KubeAspire.Resources.Core;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary>Where a proxied request goes: a port of a pod, by way of its node.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Port">Its port.</param>
/// <param name="Tls">Whether TLS is spoken there.</param>
internal sealed record ProxyTarget(Pod Pod, int Port, bool Tls);
