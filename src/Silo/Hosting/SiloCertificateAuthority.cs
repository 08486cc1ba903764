using System.Security.Cryptography.X509Certificates;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Controllers.Certificates;

namespace KubeAspire.Silo.Hosting;

/// <summary>Lets the controllers sign with the cluster's authority, whose key this process holds.</summary>
internal sealed class SiloCertificateAuthority(Pki pki) : ICertificateAuthority
{
    /// <inheritdoc/>
    public string Sign(CertificateRequest request, IReadOnlyList<string> usages, TimeSpan life) => pki.Sign(request, usages, life);
}
