using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.Resources.Certificates;

namespace KubeAspire.Controllers.Certificates;

/// <summary>What each of Kubernetes' own signers signs, and what not.</summary>
/// <remarks>Kubernetes' documentation of the signers <c>kubernetes.io/*</c>; the texts are upstream's.</remarks>
internal static class SignerRules
{
    /// <summary>Clients of the API.</summary>
    public const string ApiClient = "kubernetes.io/kube-apiserver-client";

    /// <summary>Node agents as clients of the API; approved by themselves where the right is there.</summary>
    public const string NodeClient = "kubernetes.io/kube-apiserver-client-kubelet";

    /// <summary>Node agents as servers.</summary>
    public const string NodeServing = "kubernetes.io/kubelet-serving";

    private const string NodesGroup = "system:nodes";
    private const string NodePrefix = "system:node:";

    /// <summary>Whether this cluster's authority signs for a signer.</summary>
    public static bool IsOurs(string signer) => signer is ApiClient or NodeClient or NodeServing;

    /// <summary>Reads a request.</summary>
    /// <exception cref="CryptographicException">It is none, or its signature is wrong.</exception>
    public static CertificateRequest Read(CertificateSigningRequest value) => CertificateRequest.LoadSigningRequestPem(
        Encoding.ASCII.GetString(value.Spec.Request), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);

    /// <summary>Why a signer does not sign, or null.</summary>
    public static string? Problem(string signer, CertificateRequest request, IReadOnlyCollection<string> usages) => signer switch
    {
        ApiClient => usages.Contains("client auth") && usages.All(usage => usage is "client auth" or "digital signature" or "key encipherment")
            ? null : "usages must include \"client auth\" and may include \"digital signature\" and \"key encipherment\" only",
        NodeClient => NodeClientProblem(request, usages),
        NodeServing => NodeServingProblem(request, usages),
        _ => null,
    };

    /// <summary>The common name of a request's subject.</summary>
    public static string CommonName(CertificateRequest request) => Parts(request, "2.5.4.3").FirstOrDefault() ?? "";

    private static string? NodeClientProblem(CertificateRequest request, IReadOnlyCollection<string> usages) =>
        SubjectProblem(request)
        ?? (Names(request) is { } names && (names.EnumerateDnsNames().Any() || names.EnumerateIPAddresses().Any()) ? "DNS and IP subjectAltNames are not allowed" : null)
        ?? UsageProblem(usages, "client auth");

    private static string? NodeServingProblem(CertificateRequest request, IReadOnlyCollection<string> usages) =>
        SubjectProblem(request)
        ?? (Names(request) is not { } names || (!names.EnumerateDnsNames().Any() && !names.EnumerateIPAddresses().Any()) ? "at least one DNS or IP subjectAltName is required" : null)
        ?? UsageProblem(usages, "server auth");

    private static string? SubjectProblem(CertificateRequest request)
    {
        if (Parts(request, "2.5.4.10").ToList() is not [NodesGroup])
        {
            return "subject organization is not system:nodes";
        }

        return CommonName(request).StartsWith(NodePrefix, StringComparison.Ordinal) ? null : "subject common name does not begin with system:node:";
    }

    private static string? UsageProblem(IReadOnlyCollection<string> usages, string wanted) =>
        usages.Contains(wanted) && usages.Contains("digital signature") && usages.All(usage => usage == wanted || usage is "digital signature" or "key encipherment")
            ? null : $"usages did not match: \"digital signature\" and \"{wanted}\" are needed, \"key encipherment\" may be added";

    private static X509SubjectAlternativeNameExtension? Names(CertificateRequest request) =>
        request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault()
        ?? (request.CertificateExtensions.FirstOrDefault(extension => extension.Oid?.Value == "2.5.29.17") is { } raw ? new X509SubjectAlternativeNameExtension(raw.RawData, raw.Critical) : null);

    private static IEnumerable<string> Parts(CertificateRequest request, string oid) => request.SubjectName.EnumerateRelativeDistinguishedNames()
        .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == oid).Select(part => part.GetSingleElementValue() ?? "");
}
