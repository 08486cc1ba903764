using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace KubeAspire.Client.Rest;

/// <summary>How a kubeconfig's connections are secured: for the API client and for whoever opens a raw connection.</summary>
public static class KubeconfigTls
{
    /// <summary>Longest wait for a connection where there are other servers. 3 s.</summary>
    private static readonly TimeSpan s_connectAmongSeveral = TimeSpan.FromSeconds(3);

    /// <summary>Silence before a ping, and wait for its answer, where there are other servers. 5 s each: a node's Lease of 40 s outlives a server that hangs.</summary>
    private static readonly TimeSpan s_pingAmongSeveral = TimeSpan.FromSeconds(5);

    /// <summary>Options for the client's side of TLS.</summary>
    /// <param name="config">The kubeconfig. Unless it says by which name, the server is known by the address that is dialled, whichever that is.</param>
    /// <param name="protocols">Protocols to offer by ALPN; null for the caller (an HTTP handler) to say.</param>
    public static SslClientAuthenticationOptions ClientOptions(Kubeconfig config, IReadOnlyList<SslApplicationProtocol>? protocols = null)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = config.TlsServerName,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck, // A cluster's own CA publishes no revocation lists.
        };
        if (protocols is not null)
        {
            options.ApplicationProtocols = [.. protocols];
        }

        if (config.CertificateAuthorities is { } authorities)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        if (config.InsecureSkipTlsVerify)
        {
#pragma warning disable CA5359 // The user asked for it, by the name upstream gave it.
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        if (config.ClientCertificate is { } certificate)
        {
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }

        return options;
    }

    /// <summary>A handler for HTTP clients: HTTP/2 where the server speaks it, pings that notice a dead connection.</summary>
    /// <param name="config">The kubeconfig.</param>
    /// <param name="several">Whether other servers are known from the start: then a silent one is given up sooner.</param>
    public static SocketsHttpHandler CreateHandler(Kubeconfig config, bool several = false)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = ClientOptions(config),
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false, // An API server that redirects is not one to follow with credentials.
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = several ? s_connectAmongSeveral : TimeSpan.FromSeconds(10),
            // client-go's HTTP2_READ_IDLE_TIMEOUT_SECONDS and HTTP2_PING_TIMEOUT_SECONDS.
            KeepAlivePingDelay = several ? s_pingAmongSeveral : TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = several ? s_pingAmongSeveral : TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        return handler;
    }
}
