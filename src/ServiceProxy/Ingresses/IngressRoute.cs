using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.ServiceProxy.Ingresses;

/// <summary>Where an Ingress sends a request.</summary>
/// <param name="Ingress">The Ingress that says so.</param>
/// <param name="Path">The path of the rule; empty for a default backend.</param>
/// <param name="Backend">The service port; null when it does not exist.</param>
/// <param name="Problem">Why <see cref="Backend"/> is null; a sentence for the 503 page.</param>
public sealed record IngressRoute(ObjectKey Ingress, string Path, ServicePortKey? Backend, string? Problem = null);
