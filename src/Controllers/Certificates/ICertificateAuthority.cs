using System.Security.Cryptography.X509Certificates;

namespace KubeAspire.Controllers.Certificates;

/// <summary>Signs with the cluster's certificate authority. The key stays with whoever implements this.</summary>
public interface ICertificateAuthority
{
    /// <summary>A certificate, as PEM, for the subject, the key and the alternative names of a request.</summary>
    /// <param name="request">The request; its signature has been checked.</param>
    /// <param name="usages">What the certificate may be used for, in the API's words, such as <c>client auth</c>.</param>
    /// <param name="life">How long it is good for; never beyond the authority's own end.</param>
    string Sign(CertificateRequest request, IReadOnlyList<string> usages, TimeSpan life);
}
