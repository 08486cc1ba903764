using System.Security.Cryptography.X509Certificates;

namespace KubeAspire.Client.Rest;

/// <summary>What one context of a kubeconfig says: which server, how to know it, and who to be.</summary>
public sealed record Kubeconfig
{
    /// <summary>The API server, such as <c>https://127.0.0.1:6443</c>; a path is kept.</summary>
    public required Uri Server { get; init; }

    /// <summary>Namespace of the context; <c>default</c> where it names none.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Certificates that sign the server's; null for those the machine trusts.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>Name the server's certificate must have; null for the host of <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Whether the server's certificate is not checked at all.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>Certificate and key to show; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Bearer token; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>File with a bearer token that may be replaced while in use; goes before <see cref="Token"/>.</summary>
    public string? TokenFile { get; init; }
}
