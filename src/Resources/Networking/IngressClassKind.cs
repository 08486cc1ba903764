using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Networking;

/// <summary>Rules of <c>networking.k8s.io/v1 IngressClass</c>: which controller serves an Ingress.</summary>
public sealed class IngressClassKind : ResourceKind<IngressClass>;
