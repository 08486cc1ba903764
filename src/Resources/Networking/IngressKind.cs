using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Networking;

/// <summary>Rules of <c>networking.k8s.io/v1 Ingress</c>: which host and path leads to which Service.</summary>
public sealed class IngressKind : ResourceKind<Ingress>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ing"];
}
