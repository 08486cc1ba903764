using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>The cluster's own keys: its CA, the server's certificate, the signing key of tokens. Made at first start, kept in a folder that only the owner may enter.</summary>
public sealed class Pki
{
    private const int AuthorityYears = 10;
    private const int LeafDays = 365;

    // Renewed at a start when less than a quarter of its life is left.
    private static readonly TimeSpan s_renewBefore = TimeSpan.FromDays(LeafDays / 4);

    private readonly string _folder;
    private readonly TimeProvider _clock;

    private Pki(string folder, TimeProvider clock, X509Certificate2 authority, X509Certificate2 serving, ECDsa signingKey)
    {
        (_folder, _clock, Authority, Serving, TokenKey) = (folder, clock, authority, serving, signingKey);
    }

    /// <summary>The CA with its key.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>The certificate of the server, with its key.</summary>
    public X509Certificate2 Serving { get; }

    /// <summary>Signs service-account tokens.</summary>
    public ECDsa TokenKey { get; }

    /// <summary>The CA's certificate as PEM.</summary>
    public string AuthorityPem => Authority.ExportCertificatePem();

    /// <summary>Opens the folder, making what is missing and renewing what is about to end.</summary>
    /// <param name="folder">Where the keys are kept.</param>
    /// <param name="names">Host names and addresses that the server answers to.</param>
    /// <param name="clock">The clock.</param>
    public static Pki Open(string folder, IReadOnlyCollection<string> names, TimeProvider clock)
    {
        SecretFiles.MakeFolder(folder);
        var authority = Load(folder, "ca") ?? MakeAuthority(folder, clock);
        var serving = Load(folder, "apiserver");
        if (serving is null || !Covers(serving, names) || serving.NotAfter - clock.GetUtcNow().UtcDateTime < s_renewBefore || !ClientIssuedBy(serving, authority))
        {
            serving = MakeLeaf(folder, "apiserver", authority, new X500DistinguishedName("CN=kube-apiserver"), names, clock);
        }

        return new Pki(folder, clock, authority, serving, TokenKeyOf(folder));
    }

    /// <summary>A client certificate with its key, as PEM. Not kept: the caller puts it into a kubeconfig.</summary>
    public (string Certificate, string Key) IssueClient(string user, IReadOnlyCollection<string> groups)
    {
        var name = new X500DistinguishedNameBuilder();
        foreach (var group in groups)
        {
            name.AddOrganizationName(group);
        }

        name.AddCommonName(user);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        Describe(request, "1.3.6.1.5.5.7.3.2", Authority);
        var now = _clock.GetUtcNow();
        using var certificate = request.Create(Authority, now.AddMinutes(-5), now.AddDays(LeafDays), Serial());
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A certificate, as PEM, for the subject, key and alternative names of a request that somebody approved.</summary>
    /// <param name="asked">The request; nothing but subject, key and alternative names is taken from it.</param>
    /// <param name="usages">What it may be used for, in the API's words; of the extended usages, client and server authentication are known.</param>
    /// <param name="life">How long it is good for; never beyond the authority's own end.</param>
    public string Sign(CertificateRequest asked, IReadOnlyCollection<string> usages, TimeSpan life)
    {
        var request = new CertificateRequest(asked.SubjectName, asked.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        var flags = (usages.Contains("digital signature") ? X509KeyUsageFlags.DigitalSignature : 0) | (usages.Contains("key encipherment") ? X509KeyUsageFlags.KeyEncipherment : 0);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(flags == 0 ? X509KeyUsageFlags.DigitalSignature : flags, true));
        var extended = new OidCollection();
        foreach (var (usage, oid) in ((string, string)[])[("client auth", "1.3.6.1.5.5.7.3.2"), ("server auth", "1.3.6.1.5.5.7.3.1")])
        {
            if (usages.Contains(usage))
            {
                extended.Add(new Oid(oid));
            }
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(extended, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Authority, true, false));
        if (asked.CertificateExtensions.FirstOrDefault(extension => extension.Oid?.Value == "2.5.29.17") is { } names)
        {
            request.CertificateExtensions.Add(new X509Extension(names, names.Critical));
        }

        var now = _clock.GetUtcNow();
        var until = now + life < Authority.NotAfter ? now + life : Authority.NotAfter;
        // The key decides how the authority signs, not the one that is certified: an RSA key may be certified by an ECDSA authority.
        using var key = Authority.GetECDsaPrivateKey()!;
        using var certificate = request.Create(Authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now.AddMinutes(-5), until, Serial());
        return certificate.ExportCertificatePem() + "\n";
    }

    /// <summary>Whether a kubeconfig's client certificate is still good and ours.</summary>
    public bool IsGood(string certificatePem)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(certificatePem);
            return certificate.NotAfter - _clock.GetUtcNow().UtcDateTime > s_renewBefore && ClientCertificates.IsIssuedBy(certificate, Authority);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static X509Certificate2 MakeAuthority(string folder, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kubeaspire-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = clock.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(AuthorityYears));
        return Keep(folder, "ca", made.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static X509Certificate2 MakeLeaf(
        string folder, string file, X509Certificate2 authority, X500DistinguishedName subject, IReadOnlyCollection<string> names, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        Describe(request, "1.3.6.1.5.5.7.3.1", authority);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        var now = clock.GetUtcNow();
        using var made = request.Create(authority, now.AddMinutes(-5), now.AddDays(LeafDays), Serial());
        return Keep(folder, file, made.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static void Describe(CertificateRequest request, string usage, X509Certificate2 authority)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
    }

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        return serial;
    }

    private static ECDsa TokenKeyOf(string folder)
    {
        var file = Path.Combine(folder, "sa.key");
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (File.Exists(file))
        {
            key.ImportFromPem(File.ReadAllText(file));
        }
        else
        {
            SecretFiles.Write(file, key.ExportPkcs8PrivateKeyPem());
        }

        return key;
    }

    private static bool Covers(X509Certificate2 certificate, IReadOnlyCollection<string> names)
    {
        var found = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (found is null)
        {
            return false;
        }

        var held = found.EnumerateDnsNames().Concat(found.EnumerateIPAddresses().Select(address => address.ToString())).ToHashSet();
        return names.All(name => held.Contains(IPAddress.TryParse(name, out var address) ? address.ToString() : name));
    }

    private static bool ClientIssuedBy(X509Certificate2 certificate, X509Certificate2 authority) => certificate.Issuer == authority.Subject
        && certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier?.Span.SequenceEqual(
            Convert.FromHexString(authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First().SubjectKeyIdentifier!)) == true;

    private static X509Certificate2? Load(string folder, string file)
    {
        var (certificate, key) = (Path.Combine(folder, file + ".crt"), Path.Combine(folder, file + ".key"));
        return File.Exists(certificate) && File.Exists(key) ? X509Certificate2.CreateFromPemFile(certificate, key) : null;
    }

    // The key first: a crash in between leaves no certificate without its key.
    private static X509Certificate2 Keep(string folder, string file, string certificate, string key)
    {
        SecretFiles.Write(Path.Combine(folder, file + ".key"), key);
        SecretFiles.Write(Path.Combine(folder, file + ".crt"), certificate);
        return X509Certificate2.CreateFromPem(certificate, key);
    }
}
