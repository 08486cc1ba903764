using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ServiceProxy.Ingresses;

/// <summary>A certificate and its key, as the Secret holds them. Not parsed here.</summary>
/// <param name="Secret">Where it comes from.</param>
/// <param name="ResourceVersion">The Secret's revision: the same key and revision are the same bytes.</param>
/// <param name="Certificate"><c>tls.crt</c>: PEM, leaf first.</param>
/// <param name="PrivateKey"><c>tls.key</c>: PEM.</param>
public sealed record TlsCertificate(ObjectKey Secret, string ResourceVersion, ReadOnlyMemory<byte> Certificate, ReadOnlyMemory<byte> PrivateKey)
{
    // Never the key, not even by accident in a log.
    /// <inheritdoc/>
    public override string ToString() => $"{Secret} at {ResourceVersion}";
}
