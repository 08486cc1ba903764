using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>Reads the user out of a client certificate: the common name is the user, each organization a group.</summary>
public static class ClientCertificates
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    // A connection shows one certificate to all of its requests: it is read once.
    private static readonly ConditionalWeakTable<X509Certificate2, ApiUser> s_users = [];

    /// <summary>The user of a certificate that the handshake has already checked against our CA; null where it names none.</summary>
    public static ApiUser? UserOf(X509Certificate2 certificate)
    {
        var user = s_users.GetValue(certificate, Read);
        return user.Name.Length == 0 ? null : user;
    }

    /// <summary>Whether a certificate was issued by a CA for use by a client.</summary>
    public static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.2")); // id-kp-clientAuth
        return chain.Build(certificate);
    }

    private static ApiUser Read(X509Certificate2 certificate)
    {
        var name = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            switch (part.GetSingleElementType().Value)
            {
                case CommonName: name = part.GetSingleElementValue() ?? ""; break;
                case Organization: groups.Add(part.GetSingleElementValue() ?? ""); break;
            }
        }

        return new ApiUser(name, [.. groups, ApiUser.AuthenticatedGroup]);
    }
}
